import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { ModelRegistry, type ServableVersion, type VersionSelector } from '../../models/model-registry.js';
import { rowsFromColumns } from '../columnar-rows.js';
import { EvaluatorCache } from '../evaluator-cache.js';
import { ModelRouter } from '../model-router.js';
import { checkRowCount } from '../prediction-request.js';
import { checkMayUse } from '../caller.js';
import { PredictionsService } from '../predictions.service.js';
import type { RequestContext } from '../request-context.js';
import { ServingLimits } from '../serving-limits.js';
import { columnsOf, type InferRequest } from './infer-request.js';
import { chooseOutputs, inferResponse, type InferResponse } from './infer-response.js';
import { modelMetadata, type ModelMetadata } from './model-metadata.js';

/** What the Open Inference Protocol asks of a model. */
@Injectable()
export class OpenInference {
  constructor(
    private readonly router: ModelRouter,
    private readonly registry: ModelRegistry,
    private readonly evaluators: EvaluatorCache,
    private readonly predictions: PredictionsService,
    private readonly limits: ServingLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError NOT_FOUND, or INVALID_STATE for a model without a version to serve. */
  async metadata(selector: VersionSelector, principal: Principal): Promise<ModelMetadata> {
    const version = await this.resolve(selector, principal);
    return modelMetadata(version.modelName, await this.registry.servableNumbers(version.modelId), version.signature);
  }

  /** Resolves when the version is loaded. @throws AppError as {@link metadata}, and what loading a model throws. */
  async assertReady(selector: VersionSelector, principal: Principal): Promise<void> {
    const version = await this.resolve(selector, principal);
    await this.evaluators.use(version, () => Promise.resolve());
  }

  /** @throws AppError BAD_INPUT for tensors that don't suit the model, and what {@link PredictionsService} throws. */
  async infer(selector: VersionSelector, request: InferRequest, context: RequestContext): Promise<InferResponse> {
    const { signature } = await this.resolve(selector, context.principal);
    const outputs = chooseOutputs(signature, request.outputs);
    const { rows: count, columns } = columnsOf(signature, request.inputs);
    await this.limits.counted(() => {
      checkRowCount(count, this.config.PREDICTION_MAX_ROWS);
    });
    const rows = await rowsFromColumns(columns, count);
    const answer = await this.predictions.predict({ ...selector, rows }, context);
    return inferResponse(answer, outputs, signature.classes ?? [], request.id ?? context.requestId);
  }

  private async resolve(selector: VersionSelector, principal: Principal): Promise<ServableVersion> {
    checkMayUse(principal, selector.model);
    return (await this.router.resolve(selector)).version;
  }
}
