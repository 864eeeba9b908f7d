import { setImmediate } from 'node:timers/promises';
import { naturalType, type ColumnSchema } from '../../datasets/extraction/column-types.js';
import { AppError } from '../../errors/app-error.js';
import { type Column, createTable, DictionaryEncoder, type TrainingTable } from '../../ml/train/table.js';
import type { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { checkColumns, type ModelColumns } from '../model-columns.js';

/** Largest whole number that a 64-bit float holds exactly. */
const MAX_SAFE = 2 ** 53;

/**
 * Reads the columns of a model from Parquet files into a table, chunk by chunk: memory is 8 bytes a number and 4 a
 * text, besides each different text once.
 *
 * @param files path or pattern of the files, inside the session's folder.
 * @throws AppError BAD_INPUT for columns that are missing or unfit, TrainingDataError for unfit values.
 */
export async function readTable(
  session: DuckDbSession,
  files: string,
  model: ModelColumns,
  signal?: AbortSignal,
): Promise<TrainingTable> {
  const source = `read_parquet(${literal(files)})`;
  const schema = await schemaOf(session, source);
  checkColumns(model, schema);
  const names = [model.target, ...model.features];
  const wanted = names.map((name) => schema.find((column) => column.name === name)!);
  await refuseHugeIntegers(session, source, wanted);
  const [count] = await session.rows(`SELECT count(*) AS rows FROM ${source}`, { signal });
  const rows = Number(count?.['rows']);
  const builders = wanted.map((column) => builderOf(column, rows));
  const expressions = wanted.map(expressionOf);
  if (model.split?.method === 'TIME') {
    builders.push(numbersOf(model.split.column, 'NUMBER', rows));
    expressions.push(millisecondsOf(model.split.column));
  }
  const select = `SELECT ${expressions.join(', ')} FROM ${source}`;
  for await (const chunk of session.chunks(select, { signal })) {
    builders.forEach((builder, index) => {
      const vector = chunk.getColumnVector(index);
      for (let row = 0; row < chunk.rowCount; row++) builder.add(vector.getItem(row));
    });
    await setImmediate(); // A signal to stop arrives between chunks.
  }
  const [target, ...others] = builders.map((builder) => builder.column());
  const features = others.slice(0, model.features.length);
  const [time] = others.slice(model.features.length);
  return createTable(model.task, target!, features, time?.type === 'NUMBER' ? time.values : undefined);
}

async function schemaOf(session: DuckDbSession, source: string): Promise<ColumnSchema[]> {
  const rows = await session.rows(`DESCRIBE SELECT * FROM ${source}`);
  return rows.map((row) => ({ name: String(row['column_name']), type: naturalType(String(row['column_type'])) }));
}

async function refuseHugeIntegers(
  session: DuckDbSession,
  source: string,
  columns: readonly ColumnSchema[],
): Promise<void> {
  const integers = columns.filter(({ type }) => type === 'INTEGER');
  if (integers.length === 0) return;
  const checks = integers.map(({ name }) => `bool_or(${identifier(name)} NOT BETWEEN -${MAX_SAFE} AND ${MAX_SAFE})`);
  const [row] = await session.rows(`SELECT [${checks.join(', ')}] AS huge FROM ${source}`);
  const flags = row?.['huge'];
  const huge = integers.find((_, index) => Array.isArray(flags) && flags[index] === true);
  if (!huge) return;
  throw new AppError(
    'BAD_INPUT',
    `The column ${huge.name} holds integers beyond 2^53, which models can't tell apart. Cast it to STRING when you extract the data, or leave it out.`,
  );
}

function expressionOf({ name, type }: ColumnSchema): string {
  return type === 'STRING' ? identifier(name) : `CAST(${identifier(name)} AS DOUBLE)`;
}

/** Milliseconds since 1970; a moment without end is missing. */
function millisecondsOf(column: string): string {
  const moment = `CAST(${identifier(column)} AS TIMESTAMP)`;
  return `CASE WHEN isfinite(${moment}) THEN CAST(epoch_ms(${moment}) AS DOUBLE) END`;
}

interface ColumnBuilder {
  add(value: unknown): void;
  column(): Column;
}

function builderOf({ name, type }: ColumnSchema, rows: number): ColumnBuilder {
  if (type !== 'STRING') return numbersOf(name, type === 'BOOLEAN' ? type : 'NUMBER', rows);
  let row = 0;
  const encoder = new DictionaryEncoder();
  const codes = new Int32Array(rows);
  return {
    add: (value) => (codes[row++] = encoder.code(value as string | null)),
    column: () => ({ name, type, codes, dictionary: encoder.dictionary }),
  };
}

function numbersOf(name: string, type: 'NUMBER' | 'BOOLEAN', rows: number): ColumnBuilder {
  let row = 0;
  const values = new Float64Array(rows);
  return {
    add: (value) => (values[row++] = (value as number | null) ?? NaN),
    column: () => ({ name, type, values }),
  };
}
