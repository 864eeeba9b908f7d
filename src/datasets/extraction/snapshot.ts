import { AppError } from '../../errors/app-error.js';
import { DuckDbSession, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { PlannedColumn, planColumns, typedColumns } from './column-plan.js';
import { ColumnSchema, ColumnType, naturalExpression, naturalType } from './column-types.js';
import { isBrokenCsv, isConversionError } from './conversion-errors.js';
import { findBrokenLine, findFailedCast } from './csv-diagnosis.js';
import { ExtractionLimits } from './limits.js';
import { describe, openWholeJson, RawRelation } from './readers.js';
import { rowSelect, SOURCE_RELATION } from './row-sql.js';
import { ReadOptions } from './source-spec.js';
import { inferTypes } from './type-inference.js';

export interface Snapshot {
  readonly rows: number;
  readonly columns: readonly ColumnSchema[];
  /** What the person who reads the data may want to know. */
  readonly notes: readonly string[];
}

interface Conversion {
  readonly session: DuckDbSession;
  readonly options: ReadOptions;
  readonly limits: ExtractionLimits;
  readonly target: string;
  readonly run: RunOptions;
}

interface Attempt {
  readonly relation: RawRelation;
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly notes: readonly string[];
}

/**
 * Writes the rows of a staged file to a Parquet file. The same rows with the same options give the same bytes.
 *
 * Types come from the first rows; only if a later row contradicts them is the whole file looked at and converted again.
 * @throws AppError BAD_INPUT naming the line, row or column that cannot be converted.
 */
export async function writeSnapshot(relation: RawRelation, conversion: Conversion): Promise<Snapshot> {
  const { session, run } = conversion;
  try {
    const first = await firstAttempt(relation, conversion);
    return await convert(first, conversion).catch(async (error: unknown) => {
      if (!isConversionError(error)) throw error;
      return convert(await secondAttempt(first, conversion, error), conversion);
    });
  } catch (error) {
    if (error instanceof AppError || run.signal?.aborted) throw error;
    throw (isBrokenCsv(error) && (await findBrokenLine(session, relation, run))) || error;
  }
}

async function firstAttempt(relation: RawRelation, { session, options, run }: Conversion): Promise<Attempt> {
  const sampled = await inferTypes(session, relation, options, { wholeFile: false }, run);
  if (sampled.undecided.length === 0) return { relation, types: sampled.types, notes: sampled.hints };
  const scope = { wholeFile: true, only: sampled.undecided };
  const rest = await inferTypes(session, relation, options, scope, run);
  return { relation, types: new Map([...sampled.types, ...rest.types]), notes: [...sampled.hints, ...rest.hints] };
}

/** Types from the whole file, unless the failure lies in what the user asked for. */
async function secondAttempt(first: Attempt, conversion: Conversion, failure: unknown): Promise<Attempt> {
  const { session, options, run } = conversion;
  const { relation } = first;
  const failedCast = await findFailedCast(session, relation, planColumns(relation, options, first.types), run);
  if (failedCast) throw failedCast;
  if (relation.format === 'CSV') {
    const { types, hints } = await inferTypes(session, relation, options, { wholeFile: true }, run);
    return { relation, types, notes: hints };
  }
  if (relation.format === 'PARQUET') throw failure;
  return { ...first, relation: await openWholeJson(session, relation, run) };
}

async function convert(attempt: Attempt, conversion: Conversion): Promise<Snapshot> {
  const { session, options, limits, target, run } = conversion;
  const planned = planColumns(attempt.relation, options, attempt.types);
  const select = await outputSelect(attempt.relation, planned, conversion);
  await session.execute(`COPY (${select.sql}) TO ${literal(target)} (FORMAT parquet, COMPRESSION zstd)`, run);
  const [counted] = await session.rows(`SELECT num_rows AS n FROM parquet_file_metadata(${literal(target)})`, run);
  const rows = Number(counted?.n);
  if (rows === 0) throw noRows(options);
  if (rows > limits.maxRows)
    throw new AppError(
      'LIMIT_EXCEEDED',
      `The source has ${rows} rows; ${limits.maxRows} are the most. Use a row filter.`,
    );
  return { rows, columns: select.columns, notes: attempt.notes };
}

/** The columns that the user chose may have any DuckDB type, so they are brought to exposed types once more. */
async function outputSelect(
  relation: RawRelation,
  planned: readonly PlannedColumn[],
  { session, options, run }: Conversion,
): Promise<{ sql: string; columns: ColumnSchema[] }> {
  const typed = `SELECT ${typedColumns(planned)} FROM ${relation.from}`;
  if (!options.filter && !options.select) {
    return { sql: typed, columns: planned.map(({ name, type }) => ({ name, type })) };
  }
  const chosen = `(WITH ${SOURCE_RELATION} AS (${typed}) ${await rowSelect(session, options, planned, run)})`;
  const outputs = await describe(session, chosen, run);
  const list = outputs.map(
    ({ name, duckdbType }) => `${naturalExpression(identifier(name), duckdbType)} AS ${identifier(name)}`,
  );
  return {
    sql: `SELECT ${list.join(', ')} FROM ${chosen}`,
    columns: outputs.map(({ name, duckdbType }) => ({ name, type: naturalType(duckdbType) })),
  };
}

function noRows(options: ReadOptions): AppError {
  return new AppError(
    'BAD_INPUT',
    options.filter
      ? 'The row filter leaves no row. Loosen it, then extract again.'
      : 'The source has no rows below its header. Check that it holds data, then extract again.',
  );
}
