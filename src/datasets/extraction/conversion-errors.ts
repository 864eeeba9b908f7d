import { AppError } from '../../errors/app-error.js';
import { errorCode } from '../../platform/http/outbound-request.js';
import type { ReadOptions } from './source-spec.js';
import { diskFull } from './staging.js';

export function isBrokenCsv(error: unknown): boolean {
  return messageOf(error).includes('CSV Error');
}

/** A value that does not have the type it was taken for. */
export function isConversionError(error: unknown): boolean {
  return /^(Conversion|Invalid Input) Error/.test(messageOf(error)) && !isBrokenCsv(error);
}

/**
 * Turns a failure of DuckDB that the user can mend into an AppError; others pass unchanged. DuckDB's own text is shown
 * where it speaks of the user's data or SQL, without its paths and its advice.
 */
export function describeConversionError(error: unknown, options: ReadOptions): unknown {
  const message = messageOf(error);
  if (error instanceof AppError) return error;
  const shortage = describeShortage(error);
  if (shortage !== error) return shortage;
  if (DAMAGED_PARQUET.test(message)) {
    const text = 'The Parquet file is damaged or truncated. Provide it again in full.';
    return new AppError('BAD_INPUT', text, undefined, { cause: error });
  }
  if (!USER_ERRORS.test(message)) return error;
  const part = options.filter || options.select ? 'data, its row filter or its column choice' : 'data';
  return new AppError('BAD_INPUT', `The ${part} cannot be converted: ${summaryOf(message)}`, undefined, {
    cause: error,
  });
}

/** Turns a lack of memory or disk, at whatever step, into an AppError; other errors pass unchanged. */
export function describeShortage(error: unknown): unknown {
  const message = messageOf(error);
  if (error instanceof AppError) return error;
  if (message.includes('No space left on device') || errorCode(error) === 'ENOSPC') return diskFull(error);
  if (message.includes('max_temp_directory_size')) {
    return shortageOf('disk space', 'SOURCE_MAX_BYTES', error);
  }
  return message.startsWith('Out of Memory Error') ? shortageOf('memory', 'DUCKDB_MEMORY_LIMIT', error) : error;
}

function shortageOf(what: string, setting: string, cause: unknown): AppError {
  const advice = `Take fewer columns, or ask an administrator to raise ${setting}.`;
  return new AppError(
    'LIMIT_EXCEEDED',
    `The data needs more ${what} than an extraction may use. ${advice}`,
    undefined,
    {
      cause,
    },
  );
}

const DAMAGED_PARQUET = /magic bytes|Footer length|TProtocolException|[Ii]nvalid.*parquet|Parquet.*(corrupt|invalid)/;
const USER_ERRORS = /^(Conversion|Invalid Input|Binder|Out of Range|Invalid type|Mismatch Type) Error/;

function summaryOf(message: string): string {
  const [first = ''] = message.split('\n');
  return first
    .replace(/ in file "[^"]*"/, '')
    .replace(/^[A-Z][\w ]* Error: /, '')
    .trim();
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}
