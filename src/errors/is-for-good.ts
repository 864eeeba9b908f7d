import { AppError } from './app-error.js';
import { isRefusedByDatabase } from './refused-by-database.js';

/** True for an error with which the same work would end again. */
export function isForGood(error: unknown): boolean {
  if (!(error instanceof AppError)) return isRefusedByDatabase(error);
  return ['BAD_INPUT', 'NOT_FOUND', 'INVALID_STATE', 'LIMIT_EXCEEDED'].includes(error.code);
}
