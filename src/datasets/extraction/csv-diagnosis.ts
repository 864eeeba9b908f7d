import { AppError } from '../../errors/app-error.js';
import { DuckDbSession, JsonRow, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { PlannedColumn } from './column-plan.js';
import { RawRelation } from './readers.js';
import { inNamedFile } from './staged-files.js';

const SHOWN_CHARACTERS = 120;

/**
 * Reads CSV files again to find the first line that breaks its rules, since DuckDB's own message names options that
 * the user does not have.
 * @returns undefined if every line can be read.
 */
export async function findBrokenLine(
  session: DuckDbSession,
  relation: RawRelation,
  run: RunOptions,
): Promise<AppError | undefined> {
  for (const { file, fromRejecting } of relation.parts) {
    if (!fromRejecting) continue;
    await session.rows(`SELECT count(*) AS n FROM (SELECT COLUMNS(*) IS NULL FROM ${fromRejecting})`, run);
    const [reject] = await session.rows(
      `SELECT line::BIGINT AS line, error_type::VARCHAR AS kind, csv_line AS text, error_message AS message FROM reject_errors ORDER BY line, byte_position LIMIT 1`,
      run,
    );
    if (reject) return inNamedFile(describeReject(reject, relation.columns.length), file);
  }
  return undefined;
}

/** Finds the first row whose text does not have the type that was asked for. */
export async function findFailedCast(
  session: DuckDbSession,
  relation: RawRelation,
  columns: readonly PlannedColumn[],
  run: RunOptions,
): Promise<AppError | undefined> {
  const casts = columns.filter((column) => column.isCast);
  for (const { file, from } of relation.parts) {
    for (const cast of casts) {
      const failed = await firstFailed(session, from, cast, run);
      if (failed) return inNamedFile(describeFailedCast(failed, cast), file);
    }
  }
  return undefined;
}

async function firstFailed(
  session: DuckDbSession,
  from: string,
  { before, attempt }: PlannedColumn,
  run: RunOptions,
): Promise<JsonRow | undefined> {
  const [failed] = await session.rows(
    `SELECT row_number, before FROM (SELECT row_number() OVER () AS row_number, ${before} AS before, ${attempt} AS after FROM ${from}) WHERE before IS NOT NULL AND after IS NULL AND lower(before) <> 'nan' LIMIT 1`,
    run,
  );
  return failed;
}

function describeFailedCast(failed: JsonRow, { name, type }: PlannedColumn): AppError {
  const value = String(failed.before).slice(0, SHOWN_CHARACTERS);
  return new AppError(
    'BAD_INPUT',
    `Column ${JSON.stringify(name)} cannot be cast to ${type}: row ${String(failed.row_number)} holds ${JSON.stringify(value)}. Cast it to another type, or declare the text among nullMarkers.`,
    { column: name, row: failed.row_number, value },
  );
}

function describeReject(reject: JsonRow, width: number): AppError {
  const line = Number(reject.line);
  const text = String(reject.text).slice(0, SHOWN_CHARACTERS);
  const details = { line, text };
  const found = /Found: (\d+)/.exec(String(reject.message))?.[1];
  switch (reject.kind) {
    case 'MISSING COLUMNS':
    case 'TOO MANY COLUMNS':
      return new AppError(
        'BAD_INPUT',
        `Line ${line} has ${found ?? 'another number of'} fields instead of ${width}: ${JSON.stringify(text)}. Correct the file, or check the delimiter and the quotes.`,
        details,
      );
    case 'UNQUOTED VALUE':
      return new AppError(
        'BAD_INPUT',
        `Line ${line} has a quote that does not close, or text after the closing one: ${JSON.stringify(text)}. Double quotes inside a value must be written twice.`,
        details,
      );
    case 'INVALID ENCODING':
      return new AppError(
        'BAD_INPUT',
        `Line ${line} is not valid UTF-8. If the file comes from an older Windows program, set the encoding to LATIN1.`,
        details,
      );
    case 'LINE SIZE OVER MAXIMUM':
      return new AppError(
        'LIMIT_EXCEEDED',
        `Line ${line} is too long. Look for a quote that is never closed.`,
        details,
      );
    default:
      return new AppError(
        'BAD_INPUT',
        `Line ${line} cannot be read: ${JSON.stringify(text)}. Correct the file.`,
        details,
      );
  }
}
