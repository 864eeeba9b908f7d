import { HttpException } from '@nestjs/common';
import { AppError, ErrorCode } from './app-error.js';
import { codeForStatus, HTTP_STATUS } from './error-table.js';

/** What a client may see of an error. */
export interface PublicError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Record<string, unknown>;
}

/** Long enough for whoever is overloaded, short enough for whoever waits. */
const RETRY_UNAVAILABLE_SECONDS = 2;

const INTERNAL: PublicError = {
  code: 'INTERNAL',
  message: 'Something went wrong on our side. Try again; if it stays, give your administrator the request id.',
};

const DATABASE_GONE: PublicError = {
  code: 'UNAVAILABLE',
  message: 'The database cannot be reached right now. Nothing was changed unless you got an answer; try again shortly.',
};

const UNSTORABLE_TEXT: PublicError = {
  code: 'BAD_INPUT',
  message:
    'Some text holds a NUL character (\\u0000) or broken Unicode, which cannot be stored. Remove it and send it again.',
};

/** Text that PostgreSQL refuses: character_not_in_repertoire and untranslatable_character. */
const UNSTORABLE_TEXT_CODES = /^(22021|22P05)$/;
/** Connection errors of node and the SQLSTATE classes 08, 57P and 53 (connection, shutdown, resources). */
const DATABASE_GONE_CODES = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|08...|57P0.|53...)$/;
/** The last two come where a connection was lost between two statements of a transaction. */
const DATABASE_GONE_MESSAGES =
  /Connection terminated|^no answer from the database|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed and is not queryable|[Qq]uery runner (was )?already released/;

/**
 * Reduces any thrown value to what a client may see: an AppError as it stands, an HTTP error of the framework with its
 * own message, a lost database as UNAVAILABLE, and everything else as INTERNAL without a trace of its text.
 */
export function toPublicError(error: unknown): PublicError {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, ...(error.details && { details: error.details }) };
  }
  // First: a client that hangs up is an ECONNRESET as well.
  const status = clientStatusOf(error);
  if (status !== undefined && error instanceof Error) return { code: codeForStatus(status), message: messageOf(error) };
  if (isDatabaseGone(error)) return DATABASE_GONE;
  if (isUnstorableText(error)) return UNSTORABLE_TEXT;
  return INTERNAL;
}

/** In how many seconds a client should try again, if that is what it should do. */
export function retryAfterOf({ code, details }: PublicError): number | undefined {
  const seconds = details?.['retryAfterSeconds'];
  if (typeof seconds === 'number') return seconds;
  return code === 'UNAVAILABLE' ? RETRY_UNAVAILABLE_SECONDS : undefined;
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

/** True for errors that an operator should see in the log: what is not the client's fault, or has a cause behind it. */
export function isForTheLog(error: unknown): boolean {
  if (HTTP_STATUS[toPublicError(error).code] >= 500) return true;
  return error instanceof Error && error.cause !== undefined;
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

function isUnstorableText(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && UNSTORABLE_TEXT_CODES.test(code)) return true;
  return driverError !== error && isUnstorableText(driverError);
}
