import { HttpException } from '@nestjs/common';
import { AppError, ErrorCode } from './app-error.js';
import { codeForStatus } from './error-table.js';

/** What a client may see of an error. */
export interface PublicError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Record<string, unknown>;
}

const INTERNAL: PublicError = {
  code: 'INTERNAL',
  message: 'Something went wrong on our side. Try again; if it stays, give your administrator the request id.',
};

const DATABASE_GONE: PublicError = {
  code: 'UNAVAILABLE',
  message: 'The database cannot be reached right now. Nothing was changed unless you got an answer; try again shortly.',
};

/** Connection errors of node and the SQLSTATE classes 08, 57P and 53 (connection, shutdown, resources). */
const DATABASE_GONE_CODES = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|08...|57P0.|53...)$/;
const DATABASE_GONE_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

/**
 * Reduces any thrown value to what a client may see: an AppError as it stands, an HTTP error of the framework with its
 * own message, a lost database as UNAVAILABLE, and everything else as INTERNAL without a trace of its text.
 */
export function toPublicError(error: unknown): PublicError {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, ...(error.details && { details: error.details }) };
  }
  if (isDatabaseGone(error)) return DATABASE_GONE;
  const status = clientStatusOf(error);
  if (status !== undefined && error instanceof Error) return { code: codeForStatus(status), message: messageOf(error) };
  return INTERNAL;
}

/** What the framework says of a client's mistake, where its own message does not tell what to do. */
function messageOf(error: Error): string {
  if ((error as { code?: unknown }).code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return 'The body is larger than this server accepts. Send less at once.';
  }
  const answer = error instanceof HttpException ? error.getResponse() : undefined;
  const problems = (answer as { message?: unknown } | undefined)?.message;
  // Nest's pipes put what is wrong in here, and call the error itself "Bad Request Exception".
  return Array.isArray(problems) ? `Some input is wrong. ${problems.join('; ')}` : error.message;
}

/** True for errors that an operator should see in the log with their stack. */
export function isUnexpected(error: unknown): boolean {
  return toPublicError(error) === INTERNAL;
}

function clientStatusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  const value = statusCode ?? status;
  return typeof value === 'number' && value >= 400 && value < 500 ? value : undefined;
}

function isDatabaseGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && DATABASE_GONE_CODES.test(code)) return true;
  return (
    DATABASE_GONE_MESSAGES.test(error.message) ||
    (driverError !== undefined && driverError !== error && isDatabaseGone(driverError))
  );
}
