import { setImmediate } from 'node:timers/promises';
import { type ColumnSchema, naturalType } from '../../datasets/extraction/column-types.js';
import { AppError } from '../../errors/app-error.js';
import { derivedFeatures, timePart, type TimeType } from '../../ml/schema/time-parts.js';
import {
  type Column,
  createTable,
  DictionaryEncoder,
  type NumericColumn,
  type TrainingTable,
} from '../../ml/train/table.js';
import { assertRowWeights } from '../../ml/train/weights.js';
import type { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { checkColumns, isTime, type ModelColumns } from '../model-columns.js';

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
  const times = model.split?.method === 'TIME' ? new Float64Array(rows) : undefined;
  if (model.split?.method === 'TIME' && times) {
    builders.push(numbersOf({ name: model.split.column, type: 'NUMBER', values: times }));
    expressions.push(millisecondsOf(model.split.column));
  }
  const weights = model.weights?.column === undefined ? undefined : new Float64Array(rows);
  if (model.weights?.column !== undefined && weights) {
    builders.push(numbersOf({ name: model.weights.column, type: 'NUMBER', values: weights }));
    expressions.push(`CAST(${identifier(model.weights.column)} AS DOUBLE)`);
  }
  const select = `SELECT ${expressions.join(', ')} FROM ${source}`;
  for await (const chunk of session.chunks(select, { signal })) {
    builders.forEach((builder, index) => {
      const vector = chunk.getColumnVector(index);
      for (let row = 0; row < chunk.rowCount; row++) builder.add(vector.getItem(row));
    });
    await setImmediate(); // A signal to stop arrives between chunks.
  }
  const [target, ...features] = builders.slice(0, wanted.length).flatMap((builder) => builder.columns());
  if (model.weights?.column !== undefined && weights) assertRowWeights(model.weights.column, weights);
  return createTable(model.task, target!, features, times, weights);
}

/** The columns of a table or file. */
export async function schemaOf(session: DuckDbSession, source: string): Promise<ColumnSchema[]> {
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
  if (isTime(type)) return millisecondsOf(name);
  return type === 'STRING' ? identifier(name) : `CAST(${identifier(name)} AS DOUBLE)`;
}

/** Milliseconds since 1970; a moment without end is missing. */
export function millisecondsOf(column: string): string {
  const moment = `CAST(${identifier(column)} AS TIMESTAMP)`;
  return `CASE WHEN isfinite(${moment}) THEN CAST(epoch_ms(${moment}) AS DOUBLE) END`;
}

interface ColumnBuilder {
  add(value: unknown): void;
  columns(): readonly Column[];
}

function builderOf({ name, type }: ColumnSchema, rows: number): ColumnBuilder {
  if (isTime(type)) return momentsOf(name, type, rows);
  if (type !== 'STRING') {
    return numbersOf({ name, type: type === 'BOOLEAN' ? type : 'NUMBER', values: new Float64Array(rows) });
  }
  let row = 0;
  const encoder = new DictionaryEncoder();
  const codes = new Int32Array(rows);
  return {
    add: (value) => (codes[row++] = encoder.code(value as string | null)),
    columns: () => [{ name, type, codes, dictionary: encoder.dictionary }],
  };
}

function numbersOf(column: NumericColumn): ColumnBuilder {
  let row = 0;
  return {
    add: (value) => (column.values[row++] = (value as number | null) ?? NaN),
    columns: () => [column],
  };
}

/** A column for each part of the moments. */
function momentsOf(name: string, type: TimeType, rows: number): ColumnBuilder {
  let row = 0;
  const columns = derivedFeatures(name, type).map(({ name: feature, ...derived }) => {
    return { name: feature, type: 'NUMBER' as const, values: new Float64Array(rows), derived };
  });
  return {
    add: (value) => {
      const moment = (value as number | null) ?? NaN;
      for (const { values, derived } of columns) values[row] = timePart(moment, derived.part);
      row++;
    },
    columns: () => columns,
  };
}
