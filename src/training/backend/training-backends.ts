import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { FOREIGN, type VersionAlgorithm } from '../../models/algorithm.js';
import type { Model } from '../../models/model.entity.js';
import { assertSetUp, type BackendName } from '../../models/training-backend-name.js';
import { LocalBackend } from './local-backend.js';
import { SageMakerBackend } from './sagemaker/sagemaker-backend.js';
import type { TrainingBackend } from './training-backend.js';

/** Where trainings can run. */
@Injectable()
export class TrainingBackends {
  private readonly defaultName: BackendName;
  private readonly backends: Readonly<Record<BackendName, TrainingBackend>>;

  constructor(
    local: LocalBackend,
    sageMaker: SageMakerBackend,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.backends = { LOCAL: local, SAGEMAKER: sageMaker };
    this.defaultName = config.TRAINING_BACKEND === 'sagemaker' ? 'SAGEMAKER' : 'LOCAL';
  }

  /** The model's choice, or else the installation's; for scripts of others there is one only. */
  nameFor({ backend }: Pick<Model, 'backend'>, algorithm: VersionAlgorithm): BackendName {
    return algorithm === FOREIGN ? 'SAGEMAKER' : (backend ?? this.defaultName);
  }

  of(name: BackendName): TrainingBackend {
    return this.backends[name];
  }

  /** @throws AppError INVALID_STATE for one that is not set up. */
  assertSetUp(name: BackendName): void {
    assertSetUp(name, this.config);
  }
}
