import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { VERSION_ALGORITHMS } from '../models/algorithm.js';
import { STAGES } from '../models/stage.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { PredictionAnswer, PredictionsService } from './predictions.service.js';
import { contextOf } from './request-context.js';
import { versionInPath } from './version-in-path.js';

const bodySchema = z.strictObject({
  rows: z.array(z.unknown()),
  correlationIds: z.array(z.string()).nullish(),
  algorithm: z.enum(VERSION_ALGORITHMS).nullish(),
  stage: z.enum(STAGES).nullish(),
  explain: z.boolean().nullish(),
});
type PredictBody = z.infer<typeof bodySchema>;

/** Boucle's own serving paths. */
@Controller('v1/models/:model')
@RequireRole('PREDICTOR')
export class PredictController {
  constructor(private readonly predictions: PredictionsService) {}

  @Post('predict')
  @HttpCode(200)
  predict(
    @Param('model') model: string,
    @Body(new ZodPipe(bodySchema)) body: PredictBody,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<PredictionAnswer> {
    return this.predictions.predict({ model, ...body }, contextOf(request, principal));
  }

  @Post('versions/:version/predict')
  @HttpCode(200)
  predictWithVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Body(new ZodPipe(bodySchema)) body: PredictBody,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<PredictionAnswer> {
    return this.predictions.predict({ model, version: versionInPath(version), ...body }, contextOf(request, principal));
  }
}
