import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { VersionSelector } from '../../models/model-registry.js';
import { ModelRouter } from '../model-router.js';
import { checkMayUse } from '../caller.js';
import { PredictionsService } from '../predictions.service.js';
import type { RequestContext } from '../request-context.js';
import { ServingLimits } from '../serving-limits.js';
import { type Invocation, readInvocation } from './invocation.js';

export interface InvocationAnswer {
  readonly predictions: readonly (string | number)[];
  /** What outcomes refer to; MLflow's own servers have none. */
  readonly prediction_ids: readonly string[];
}

/** MLflow's scoring protocol. */
@Injectable()
export class Invocations {
  constructor(
    private readonly router: ModelRouter,
    private readonly predictions: PredictionsService,
    private readonly limits: ServingLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError as {@link readInvocation} and {@link PredictionsService.predict} do. */
  async invoke(selector: VersionSelector, invocation: Invocation, context: RequestContext): Promise<InvocationAnswer> {
    checkMayUse(context.principal, selector.model);
    const { signature } = (await this.router.resolve(selector)).version;
    const { PREDICTION_MAX_ROWS: maxRows } = this.config;
    const rows = await this.limits.counted(() => readInvocation(signature, invocation, maxRows));
    const { predictions } = await this.predictions.predict({ ...selector, rows }, context);
    return { predictions: predictions.map(({ value }) => value), prediction_ids: predictions.map(({ id }) => id) };
  }
}
