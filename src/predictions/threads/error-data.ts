import { AppError, type ErrorCode } from '../../errors/app-error.js';

/** An error on its way between threads, where it would lose its class. Without a code it is a fault of ours. */
export interface ErrorData {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly details?: Record<string, unknown>;
  readonly stack?: string;
}

export function errorData(error: unknown): ErrorData {
  if (error instanceof AppError) {
    const { code, message, details } = error;
    return { code, message, ...(details && { details }) };
  }
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
}

export function revived({ code, message, details, stack }: ErrorData): Error {
  if (code !== undefined) return new AppError(code, message, details);
  return Object.assign(new Error(message), stack !== undefined && { stack });
}
