import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { HTTP_STATUS } from '../../errors/error-table.js';
import { Readiness } from '../../platform/health/readiness.js';
import { CsvBody } from '../../platform/http/csv-body.js';
import { Public } from '../../platform/http/public.js';
import { contextOf } from '../request-context.js';
import { type ModelPath, selectorOf } from '../version-in-path.js';
import { type InvocationAnswer, Invocations } from './invocations.service.js';

/** MLflow's scoring protocol, which SageMaker speaks as well. Its server has one model; ours names it in the path. */
@Controller()
@RequireRole('PREDICTOR')
export class InvocationsController {
  constructor(
    private readonly invocations: Invocations,
    private readonly readiness: Readiness,
  ) {}

  @Get('ping')
  @Public()
  async ping(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const problem = await this.readiness.problem();
    if (problem === undefined) return {};
    void reply.status(HTTP_STATUS.UNAVAILABLE);
    return { error: { code: 'UNAVAILABLE', message: problem } };
  }

  @Post(['v1/models/:model/invocations', 'v1/models/:model/versions/:version/invocations'])
  @HttpCode(200)
  @CsvBody()
  invoke(
    @Param() path: ModelPath,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
  ): Promise<InvocationAnswer> {
    const invocation = { contentType: request.headers['content-type'], body: request.body };
    return this.invocations.invoke(selectorOf(path), invocation, contextOf(request, principal));
  }
}
