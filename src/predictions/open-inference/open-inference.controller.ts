import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { HTTP_STATUS } from '../../errors/error-table.js';
import { Readiness } from '../../platform/health/readiness.js';
import { Public } from '../../platform/http/public.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { OnlyFailuresLogged } from '../../platform/logging/access-lines.js';
import { programVersion } from '../../platform/program-version.js';
import { contextOf } from '../request-context.js';
import { type ModelPath, selectorOf } from '../version-in-path.js';
import { type InferRequest, inferRequestSchema } from './infer-request.js';
import type { InferResponse } from './infer-response.js';
import type { ModelMetadata } from './model-metadata.js';
import { OpenInference } from './open-inference.service.js';

const MODEL_PATHS = ['models/:model', 'models/:model/versions/:version'];

/** The Open Inference Protocol, version 2, over REST. */
@Controller('v2')
@RequireRole('PREDICTOR')
export class OpenInferenceController {
  constructor(
    private readonly inference: OpenInference,
    private readonly readiness: Readiness,
  ) {}

  @Get('health/live')
  @Public()
  live(): { live: true } {
    return { live: true };
  }

  @Get('health/ready')
  @Public()
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const problem = await this.readiness.problem();
    if (problem === undefined) return { live: true, ready: true };
    void reply.status(HTTP_STATUS.UNAVAILABLE);
    return { error: problem };
  }

  @Get()
  async server(): Promise<object> {
    return { ...(await programVersion()), extensions: [] };
  }

  @Get(MODEL_PATHS)
  metadata(@Param() path: ModelPath, @CurrentPrincipal() principal: Principal): Promise<ModelMetadata> {
    return this.inference.metadata(selectorOf(path), principal);
  }

  @Get(MODEL_PATHS.map((path) => `${path}/ready`))
  async modelReady(@Param() path: ModelPath, @CurrentPrincipal() principal: Principal): Promise<object> {
    await this.inference.assertReady(selectorOf(path), principal);
    return { name: path.model, ready: true };
  }

  @Post(MODEL_PATHS.map((path) => `${path}/infer`))
  @HttpCode(200)
  @OnlyFailuresLogged()
  infer(
    @Param() path: ModelPath,
    @Body(new ZodPipe(inferRequestSchema)) body: InferRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<InferResponse> {
    return this.inference.infer(selectorOf(path), body, contextOf(request, principal));
  }
}
