import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AccessGuard } from '../auth/access.guard.js';
import { VERSION_ALGORITHMS } from '../models/algorithm.js';
import { STAGES } from '../models/stage.js';
import { parseInput } from '../platform/http/zod.pipe.js';
import { ONLY_FAILURES_LOGGED } from '../platform/logging/access-lines.js';
import { type PredictionAnswer, PredictionsService } from './predictions.service.js';
import { contextOf } from './request-context.js';
import { type ModelPath, selectorOf } from './version-in-path.js';

const bodySchema = z.strictObject({
  rows: z.array(z.unknown()),
  correlationIds: z.array(z.string()).nullish(),
  algorithm: z.enum(VERSION_ALGORITHMS).nullish(),
  stage: z.enum(STAGES).nullish(),
  explain: z.boolean().nullish(),
});
type PredictBody = z.infer<typeof bodySchema>;

/** The same, compiled by Fastify: it only says whether a body is right, and the one above what is wrong with it. */
const compiledBody = {
  schema: { body: z.toJSONSchema(bodySchema, { target: 'draft-7' }) },
  attachValidation: true,
};

interface PredictRequest {
  Params: ModelPath;
  Body: PredictBody;
}

/**
 * Boucle's own serving paths. They stand on Fastify itself: what a controller passes through on its way costs more than
 * the prediction. Whatever a controller is given is here as well: the guard, the request's id, the form of errors.
 */
@Injectable()
export class PredictRoutes implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    private readonly guard: AccessGuard,
    private readonly predictions: PredictionsService,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance();
    for (const path of ['/v1/models/:model/predict', '/v1/models/:model/versions/:version/predict']) {
      server.post<PredictRequest>(path, { config: ONLY_FAILURES_LOGGED, ...compiledBody }, (request, reply) =>
        this.predict(request, reply),
      );
    }
  }

  private async predict(request: FastifyRequest<PredictRequest>, reply: FastifyReply): Promise<PredictionAnswer> {
    const principal = await this.guard.admit(request, reply, { kind: 'role', role: 'PREDICTOR' });
    const body = request.validationError ? parseInput(bodySchema, request.body) : request.body;
    return this.predictions.predict({ ...selectorOf(request.params), ...body }, contextOf(request, principal));
  }
}
