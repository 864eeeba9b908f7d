import type { Config } from '../config/config.js';
import { AppError } from '../errors/app-error.js';

export const BACKENDS = ['LOCAL', 'SAGEMAKER'] as const;
/** Where trainings run: in child processes of the worker, or as jobs of SageMaker. */
export type BackendName = (typeof BACKENDS)[number];

type BackendSettings = Pick<Config, 'SAGEMAKER_ROLE_ARN' | 'SAGEMAKER_IMAGE' | 'STORAGE_URL'>;

/** @throws AppError INVALID_STATE for a backend that is not set up. */
export function assertSetUp(name: BackendName, settings: BackendSettings): void {
  const { SAGEMAKER_ROLE_ARN, SAGEMAKER_IMAGE, STORAGE_URL } = settings;
  const isSetUp = SAGEMAKER_ROLE_ARN !== undefined && SAGEMAKER_IMAGE !== undefined && STORAGE_URL.startsWith('s3:');
  if (name !== 'SAGEMAKER' || isSetUp) return;
  throw new AppError(
    'INVALID_STATE',
    'SageMaker is not set up here. It needs SAGEMAKER_ROLE_ARN, SAGEMAKER_IMAGE and a bucket as STORAGE_URL; or train with backend LOCAL.',
  );
}
