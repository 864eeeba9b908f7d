import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { LocalBackend } from './local-backend.js';
import { SageMakerBackend } from './sagemaker/sagemaker-backend.js';
import type { BackendName, TrainingBackend } from './training-backend.js';

/** Where trainings can run. */
@Injectable()
export class TrainingBackends {
  /** For runs that name none. */
  readonly defaultName: BackendName;
  private readonly backends: Readonly<Record<BackendName, TrainingBackend>>;

  constructor(
    local: LocalBackend,
    sageMaker: SageMakerBackend,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.backends = { LOCAL: local, SAGEMAKER: sageMaker };
    this.defaultName = config.TRAINING_BACKEND === 'sagemaker' ? 'SAGEMAKER' : 'LOCAL';
  }

  of(name: BackendName): TrainingBackend {
    return this.backends[name];
  }

  /** @throws AppError INVALID_STATE for one that is not set up. */
  assertSetUp(name: BackendName): void {
    const { SAGEMAKER_ROLE_ARN, SAGEMAKER_IMAGE, STORAGE_URL } = this.config;
    const isSetUp = SAGEMAKER_ROLE_ARN !== undefined && SAGEMAKER_IMAGE !== undefined && STORAGE_URL.startsWith('s3:');
    if (name !== 'SAGEMAKER' || isSetUp) return;
    throw new AppError(
      'INVALID_STATE',
      'SageMaker is not set up here. It needs SAGEMAKER_ROLE_ARN, SAGEMAKER_IMAGE and a bucket as STORAGE_URL; or train with backend LOCAL.',
    );
  }
}
