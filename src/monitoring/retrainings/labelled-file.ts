import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Feature, type FeatureType, inputColumns, type Signature } from '../../ml/schema/signature.js';
import { parseMoment, type TimeType } from '../../ml/schema/time-parts.js';
import type { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import type { LabelledRow } from '../../predictions/outcomes/labelled-predictions.js';
import { timeOfPredictionId } from '../../predictions/prediction-id.js';

/** What rows are written for. */
export interface LearningContract extends Pick<Signature, 'task' | 'target' | 'features'> {
  /** Column that orders rows by time and is no feature: of a prediction, when it was made. */
  readonly timeColumn?: string;
}

type SourceType = FeatureType | TimeType;

const SQL_TYPES: Readonly<Record<SourceType, string>> = {
  NUMBER: 'DOUBLE',
  BOOLEAN: 'BOOLEAN',
  STRING: 'VARCHAR',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP',
};
const TARGET = 'target';
const TIME = 'time';

/**
 * Writes labelled predictions as lines of JSON, in their order and with neutral names: DuckDB does not tell the case of
 * letters in names apart.
 * @returns how many there were.
 */
export async function writeLabelledLines(
  path: string,
  { features }: LearningContract,
  batches: AsyncIterable<readonly LabelledRow[]>,
  signal: AbortSignal,
): Promise<number> {
  let rows = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const batch of batches) {
      rows += batch.length;
      yield batch.map((row) => lineOf(features, row)).join('');
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path), { signal });
  return rows;
}

function lineOf(features: readonly Feature[], { predictionId, inputs, outcome }: LabelledRow): string {
  const cells = sourceColumns(features).map(({ name, type }, index) => {
    const value = inputs[name] ?? null;
    return [columnOf(index), isMoment(type) && value !== null ? inUtc(value, type) : value];
  });
  const made = timeOfPredictionId(predictionId).toISOString();
  return `${JSON.stringify({ ...Object.fromEntries(cells), [TIME]: made, [TARGET]: outcome })}\n`;
}

/**
 * Turns the lines into a Parquet file with the columns of the model, after the rows of a snapshot of its source, if one
 * is given. Its columns are put together by name. The same rows give the same file.
 */
export async function writeLearningFile(
  session: DuckDbSession,
  contract: LearningContract,
  { folder, lines, source }: { readonly folder: string; readonly lines: string; readonly source?: string },
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, 'learning.parquet');
  const snapshot = source && `read_parquet(${literal(source)})`;
  const targetType = snapshot ? await typeOf(session, snapshot, contract.target) : targetTypeOf(contract);
  const labelled = labelledSelect(contract, lines, targetType);
  const { features, target, timeColumn } = contract;
  const columns = [...inputColumns(features), target, ...(timeColumn === undefined ? [] : [timeColumn])];
  const names = columns.map(identifier).join(', ');
  const rows = snapshot ? `SELECT ${names} FROM ${snapshot} UNION ALL BY NAME ${labelled}` : labelled;
  await session.execute(`COPY (${rows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`, { signal });
  return path;
}

function labelledSelect(
  { task, target, features, timeColumn }: LearningContract,
  lines: string,
  targetType: string,
): string {
  const sources = sourceColumns(features);
  const types = sources.map(({ type }, index) => `${columnOf(index)}: ${literal(SQL_TYPES[type])}`);
  types.push(`${TIME}: 'TIMESTAMP'`, `${TARGET}: ${literal(task === 'REGRESSION' ? 'DOUBLE' : 'VARCHAR')}`);
  const columns = sources.map(({ name }, index) => `${columnOf(index)} AS ${identifier(name)}`);
  if (timeColumn !== undefined) columns.push(`${TIME} AS ${identifier(timeColumn)}`);
  columns.push(`CAST(${TARGET} AS ${targetType}) AS ${identifier(target)}`);
  const read = `read_json(${literal(lines)}, format = 'newline_delimited', columns = {${types.join(', ')}})`;
  return `SELECT ${columns.join(', ')} FROM ${read}`;
}

/** What callers sent: a moment in place of its parts. */
function sourceColumns(features: readonly Feature[]): { readonly name: string; readonly type: SourceType }[] {
  const types = new Map(features.map(({ name, type, derived }) => [derived?.column ?? name, derived?.type ?? type]));
  return Array.from(types, ([name, type]) => ({ name, type }));
}

function isMoment(type: SourceType): type is TimeType {
  return type === 'DATE' || type === 'TIMESTAMP';
}

/** Without an offset, which DuckDB would ignore. */
function inUtc(value: unknown, type: TimeType): string {
  const text = new Date(parseMoment(value, type) ?? NaN).toISOString();
  return type === 'DATE' ? text.slice(0, 10) : text.slice(0, -1);
}

/** Classes are named by text; in the source they may be numbers or truth values. */
async function typeOf(session: DuckDbSession, relation: string, column: string): Promise<string> {
  const [row] = await session.rows(`SELECT typeof(${identifier(column)}) AS type FROM ${relation} LIMIT 1`);
  return String(row?.['type'] ?? 'VARCHAR');
}

function targetTypeOf({ task }: LearningContract): string {
  return task === 'REGRESSION' ? 'DOUBLE' : 'VARCHAR';
}

function columnOf(index: number): string {
  return `c${index}`;
}
