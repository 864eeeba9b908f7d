import type { Readable } from 'node:stream';
import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { parseInput } from '../../platform/http/zod.pipe.js';
import { AppError } from '../../errors/app-error.js';
import { idempotencyKeyOf } from '../request-context.js';
import { formatOf } from './outcome-body.js';
import { readOutcomes } from './outcome-file.js';
import type { OutcomeReport } from './outcome-report.js';
import { listedOutcomes, Outcomes } from './outcomes.service.js';

const bodySchema = z.strictObject({ outcomes: z.array(z.unknown()).min(1, 'must hold at least one outcome') });

/** Ground truth over REST: JSON, or a CSV or NDJSON file of any length. */
@Controller('v1/outcomes')
@RequireRole('PREDICTOR')
export class OutcomesController {
  constructor(private readonly outcomes: Outcomes) {}

  @Post()
  @HttpCode(200)
  record(@Req() request: FastifyRequest, @CurrentPrincipal() principal: Principal): Promise<OutcomeReport> {
    const format = formatOf(request.headers['content-type']);
    const key = idempotencyKeyOf(request);
    if (!format) {
      const { outcomes } = parseInput(bodySchema, request.body);
      if (key !== undefined) return this.outcomes.recordOnce(outcomes, principal, key);
      return this.outcomes.record(listedOutcomes(outcomes), principal);
    }
    if (key !== undefined) throw keyForFile();
    // The body stays open when the file turns out to be wrong, so that the client hears why.
    const body = (request.body as Readable).iterator({ destroyOnReturn: false });
    return this.outcomes.record(readOutcomes(format, body as AsyncIterable<Uint8Array>), principal);
  }
}

function keyForFile(): AppError {
  return new AppError(
    'BAD_INPUT',
    'An Idempotency-Key is for JSON. Send a file again without one: outcomes that are known already change nothing.',
  );
}
