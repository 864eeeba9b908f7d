import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AccessGuard } from '../auth/access.guard.js';
import { parseInput } from '../platform/http/zod.pipe.js';
import { ONLY_FAILURES_LOGGED } from '../platform/logging/access-lines.js';
import { LargeBody, leaveLargeBodies } from './large-body.js';
import { type PredictBody, predictBodySchema } from './predict-body.js';
import { PredictionsService } from './predictions.service.js';
import { contextOf } from './request-context.js';
import { type AnswerOrJson, LargePredictions } from './threads/large-predictions.js';
import { type ModelPath, selectorOf } from './version-in-path.js';

/** The form of a body, compiled by Fastify: it only says whether a body is right, and the schema what is wrong with it. */
const compiledBody = {
  schema: { body: z.toJSONSchema(predictBodySchema, { target: 'draft-7' }) },
  attachValidation: true,
};

interface PredictRequest {
  Params: ModelPath;
  Body: PredictBody | LargeBody;
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
    private readonly large: LargePredictions,
  ) {}

  onModuleInit(): void {
    // A part of the server, whose reading of bodies is no other route's.
    void this.host.httpAdapter.getInstance().register((server, _options, done) => {
      leaveLargeBodies(server);
      this.addRoutes(server);
      done();
    });
  }

  private addRoutes(server: FastifyInstance): void {
    for (const path of ['/v1/models/:model/predict', '/v1/models/:model/versions/:version/predict']) {
      server.post<PredictRequest>(path, { config: ONLY_FAILURES_LOGGED, ...compiledBody }, (request, reply) =>
        this.predict(request, reply),
      );
    }
  }

  private async predict(request: FastifyRequest<PredictRequest>, reply: FastifyReply): Promise<AnswerOrJson> {
    const principal = await this.guard.admit(request, reply, { kind: 'role', role: 'PREDICTOR' });
    const context = contextOf(request, principal);
    const selector = selectorOf(request.params);
    if (!(request.body instanceof LargeBody)) {
      const body = request.validationError ? parseInput(predictBodySchema, request.body) : request.body;
      return this.predictions.predict({ ...selector, ...body }, context);
    }
    void reply.type('application/json; charset=utf-8');
    return this.large.predict(selector, request.body, context);
  }
}
