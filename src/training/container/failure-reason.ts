import { AppError } from '../../errors/app-error.js';
import { HyperparameterError, TrainingDataError } from '../../ml/train/errors.js';

/**
 * Why something failed, for whoever asked for it. What nobody foresaw is told in full on the error output.
 */
export function failureReason(error: unknown): string {
  const isExplained =
    error instanceof AppError || error instanceof TrainingDataError || error instanceof HyperparameterError;
  if (isExplained) {
    if (error.cause instanceof Error) process.stderr.write(`${error.cause.message}\n`);
    return error.message;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return `The training failed unexpectedly: ${error instanceof Error ? error.message : String(error)}`;
}
