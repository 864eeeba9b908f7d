import { SageMakerServiceException } from '@aws-sdk/client-sagemaker';
import { AppError } from '../../../errors/app-error.js';

/** The name of a service's error, such as ResourceInUse; undefined for any other error. */
export function sageMakerCode(error: unknown): string | undefined {
  return error instanceof SageMakerServiceException ? error.name : undefined;
}

/** Describing a job that does not exist is a ValidationException like any other but for its text. */
export function isNotFound(error: unknown): boolean {
  return (
    sageMakerCode(error) === 'ResourceNotFound' ||
    (sageMakerCode(error) === 'ValidationException' && /not found|could not find/i.test((error as Error).message))
  );
}

/** An error of the service or on the way to it, in words for a person. A stop that was asked for stays what it is. */
export function sageMakerError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = sageMakerCode(error) ?? error.name;
  if (code === 'ValidationException') {
    return new AppError('INVALID_STATE', `SageMaker refuses the training job: ${error.message}`, undefined, {
      cause: error,
    });
  }
  if (code === 'AccessDeniedException') {
    const message = `SageMaker denies access: ${error.message} docs/aws has the policies that are needed.`;
    return new AppError('INVALID_STATE', message, undefined, { cause: error });
  }
  const message = `SageMaker cannot be reached or does not answer as it should (${code}). The run goes on when it does.`;
  return new AppError('UPSTREAM_FAILED', message, undefined, { cause: error });
}
