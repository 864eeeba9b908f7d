import { DuckDbSession, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { literal } from '../../platform/duckdb/sql-text.js';
import { ColumnSchema, ColumnType } from './column-types.js';
import {
  CategoryCount,
  EXACT_ROWS,
  PROBABILITIES,
  ProfileQueries,
  ProfiledColumn,
  SampleCounts,
} from './profile-queries.js';

/**
 * What a column holds. `min` to `histogram` exist for numbers, and for dates and timestamps as ISO 8601 text;
 * `mean` and `std` (sample standard deviation) for numbers only; `top` for text, booleans and integers of few values.
 * Values whose magnitude is 1e150 or more, infinities among them, count as values but enter no statistic.
 */
export interface ColumnProfile extends ColumnSchema {
  readonly nulls: number;
  readonly distinct: number;
  /** False in large snapshots: the quantiles come from 200,000 rows, `distinct` may be an estimate (within about 5 %). */
  readonly exact: boolean;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly mean?: number;
  readonly std?: number;
  readonly quantiles?: readonly Quantile[];
  readonly histogram?: Histogram;
  readonly top?: readonly CategoryCount[];
}

export interface Quantile {
  readonly probability: number;
  readonly value: number | string;
}

/** Bin i holds the values in [edges[i], edges[i + 1]), the last one its upper edge too. */
export interface Histogram {
  readonly edges: readonly (number | string)[];
  readonly counts: readonly number[];
}

const BINS = 20;
/** Text with more distinct values identifies rows rather than grouping them. */
const MAX_CATEGORIES = 100_000;
const MAX_INTEGER_CATEGORIES = 50;
/** Seen this often in a sample, the values of a column are few enough to be counted one by one. */
const OFTEN = 20;
const COLUMNS_PER_QUERY = 50;

/** Profiles every column of a Parquet file that DuckDB wrote, whose footer therefore holds the range of every column. */
export async function profileParquet(
  session: DuckDbSession,
  path: string,
  rows: number,
  columns: readonly ColumnSchema[],
  run: RunOptions,
): Promise<ColumnProfile[]> {
  const queries = new ProfileQueries(session, literal(path), rows, run);
  const profiled = await queries.readFooters(columns);
  await queries.prepareSample();
  const profiles: ColumnProfile[] = [];
  for (let start = 0; start < profiled.length; start += COLUMNS_PER_QUERY) {
    profiles.push(...(await profileGroup(queries, rows, profiled.slice(start, start + COLUMNS_PER_QUERY))));
  }
  return profiles;
}

async function profileGroup(
  queries: ProfileQueries,
  rows: number,
  columns: readonly ProfiledColumn[],
): Promise<ColumnProfile[]> {
  const sample = await queries.sampleCounts(columns);
  const moments = await queries.moments(columns);
  const profiles: ColumnProfile[] = [];
  for (const column of columns) {
    const counts = sample.get(column.index)!;
    const categories = hasFewValues(counts) ? await queries.categories(column) : undefined;
    const distinct = categories?.distinct ?? (await distinctOf(queries, column, rows, counts));
    const findings = { ...moments.get(column.index)!, quantiles: counts.quantiles, distinct, top: categories?.top };
    profiles.push(await describeColumn(queries, column, rows, findings));
  }
  return profiles;
}

interface Findings {
  readonly distinct: number;
  readonly mean?: number;
  readonly std?: number;
  readonly quantiles: readonly number[];
  readonly top?: readonly CategoryCount[];
}

async function describeColumn(
  queries: ProfileQueries,
  column: ProfiledColumn,
  rows: number,
  { distinct, mean, std, quantiles, top }: Findings,
): Promise<ColumnProfile> {
  const { name, type, nulls, min, max } = column;
  const base = { name, type, nulls, distinct, exact: rows <= EXACT_ROWS };
  const shown = top && top.length > 0 && hasCategories(type, distinct) ? { top } : {};
  if (min === undefined || max === undefined) return { ...base, ...shown };
  const show = valueFormat(type);
  const { edges, counts } = await queries.histogram(column, min, max, BINS);
  return {
    ...base,
    min: show(min),
    max: show(max),
    ...(mean !== undefined && { mean }),
    ...(std !== undefined && { std }),
    quantiles: quantiles.map((value, index) => ({ probability: PROBABILITIES[index]!, value: show(value) })),
    histogram: { edges: edges.map(show), counts },
    ...shown,
  };
}

function hasFewValues({ values, distinct }: SampleCounts): boolean {
  return distinct > 0 && distinct <= MAX_CATEGORIES && (distinct * OFTEN <= values || values <= EXACT_ROWS / OFTEN);
}

async function distinctOf(
  queries: ProfileQueries,
  column: ProfiledColumn,
  rows: number,
  { values, distinct }: SampleCounts,
): Promise<number> {
  if (rows <= EXACT_ROWS) return distinct;
  // A sample of this size without a single value twice comes from a column that is unique, or nearly so.
  if (distinct === values) return rows - column.nulls;
  return Math.min(rows - column.nulls, await queries.estimateDistinct(column));
}

function hasCategories(type: ColumnType, distinct: number): boolean {
  if (type === 'INTEGER') return distinct <= MAX_INTEGER_CATEGORIES;
  return type === 'BOOLEAN' || (type === 'STRING' && distinct <= MAX_CATEGORIES);
}

function valueFormat(type: ColumnType): (value: number) => number | string {
  if (type === 'NUMBER' || type === 'INTEGER') return (value) => value;
  return (milliseconds) => {
    const time = new Date(milliseconds);
    if (Number.isNaN(time.getTime())) return milliseconds;
    const text = time.toISOString();
    return type === 'DATE' && text.endsWith('T00:00:00.000Z') ? text.slice(0, -14) : text;
  };
}
