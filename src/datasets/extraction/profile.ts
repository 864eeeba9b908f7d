import { DuckDbSession, JsonRow, JsonScalar, JsonValue, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { ColumnSchema, ColumnType } from './column-types.js';

/**
 * What a column holds. `min` to `histogram` exist for numbers, and for dates and timestamps as ISO 8601 text;
 * `mean` and `std` (sample standard deviation) for numbers only; `top` for text, booleans and integers of few values.
 * Values whose magnitude is 1e150 or more, infinities among them, count as values but enter no statistic.
 */
export interface ColumnProfile extends ColumnSchema {
  readonly nulls: number;
  readonly distinct: number;
  /** False where `distinct` is an estimate (HyperLogLog, within about 5 %) and the quantiles come from a sample. */
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

export interface CategoryCount {
  readonly value: string | number | boolean;
  readonly count: number;
}

interface Profiling {
  readonly session: DuckDbSession;
  /** The Parquet file as a quoted SQL text. */
  readonly file: string;
  readonly rows: number;
  readonly run: RunOptions;
}

/** A column with what the footer of the file already tells. */
interface Footer extends ColumnSchema {
  readonly index: number;
  readonly nulls: number;
  /** SQL of the value as a double, epoch milliseconds for points in time; undefined for types without an order. */
  readonly number?: string;
  readonly min?: number;
  readonly max?: number;
}

const BINS = 20;
const PROBABILITIES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const TOP_CATEGORIES = 20;
/** Text with more distinct values identifies rows rather than grouping them. */
const MAX_CATEGORIES = 100_000;
const MAX_INTEGER_CATEGORIES = 50;
const SHOWN_CHARACTERS = 200;
/** Up to this many rows everything is exact; beyond, quantiles come from a sample chosen by row number. */
const EXACT_ROWS = 200_000;
const COLUMNS_PER_QUERY = 50;
/** Sums of squares below this bound stay finite. */
const HUGE = 1e150;

/** Profiles every column of a Parquet file that DuckDB wrote, whose footer therefore holds the range of every column. */
export async function profileParquet(
  session: DuckDbSession,
  path: string,
  rows: number,
  columns: readonly ColumnSchema[],
  run: RunOptions,
): Promise<ColumnProfile[]> {
  const profiling: Profiling = { session, file: literal(path), rows, run };
  const footers = await readFooters(profiling, columns);
  const profiles: ColumnProfile[] = [];
  for (let start = 0; start < footers.length; start += COLUMNS_PER_QUERY) {
    const group = footers.slice(start, start + COLUMNS_PER_QUERY);
    const totals = await queryTotals(profiling, group);
    const quantiles = await queryQuantiles(profiling, group);
    for (const footer of group) profiles.push(await profileColumn(profiling, footer, totals, quantiles));
  }
  return profiles;
}

async function profileColumn(
  profiling: Profiling,
  footer: Footer,
  totals: JsonRow,
  quantiles: JsonRow,
): Promise<ColumnProfile> {
  const { index, name, type, nulls, min, max } = footer;
  const distinct = Number(totals[`distinct_${index}`]);
  const base = { name, type, nulls, distinct, exact: profiling.rows <= EXACT_ROWS };
  const hasTop = nulls < profiling.rows && hasCategories(type, distinct);
  const top = hasTop ? { top: await queryTop(profiling, footer) } : {};
  if (min === undefined || max === undefined) return { ...base, ...top };
  const show = valueFormat(type);
  const [mean, std] = [totals[`mean_${index}`], totals[`std_${index}`]];
  const values = quantiles[`quantiles_${index}`];
  return {
    ...base,
    min: show(min),
    max: show(max),
    ...(typeof mean === 'number' && { mean }),
    ...(typeof std === 'number' && { std }),
    quantiles: PROBABILITIES.flatMap((probability, i) =>
      Array.isArray(values) ? [{ probability, value: show(Number(values[i])) }] : [],
    ),
    histogram: await queryHistogram(profiling, footer, min, max),
    ...top,
  };
}

async function readFooters(profiling: Profiling, columns: readonly ColumnSchema[]): Promise<Footer[]> {
  const { session, file, run } = profiling;
  const low = footerNumber('stats_min_value');
  const high = footerNumber('stats_max_value');
  const rows = await session.rows(
    `SELECT column_id AS id, sum(stats_null_count)::BIGINT AS nulls, min(${low}) AS low, max(${high}) AS high FROM parquet_metadata(${file}) GROUP BY column_id`,
    run,
  );
  const byId = new Map(rows.map((row) => [Number(row.id), row]));
  return Promise.all(columns.map((column, index) => footerOf(profiling, column, index, byId.get(index) ?? {})));
}

/** Only a column with infinities or huge values pays for leaving them out. */
async function footerOf(
  { session, file, run }: Profiling,
  column: ColumnSchema,
  index: number,
  row: JsonRow,
): Promise<Footer> {
  const number = numeric(identifier(column.name), column.type);
  const footer = { ...column, index, nulls: Number(row.nulls) };
  if (!number || row.low === undefined) return footer;
  const { low, high } = row;
  if (typeof low === 'number' && typeof high === 'number' && Math.max(-low, high) < HUGE) {
    return { ...footer, number, min: low, max: high };
  }
  const bounded = `CASE WHEN isfinite(${identifier(column.name)}) AND abs(${number}) < ${HUGE} THEN ${number} END`;
  const [range = {}] = await session.rows(`SELECT min(${bounded}) AS low, max(${bounded}) AS high FROM ${file}`, run);
  if (typeof range.low !== 'number' || typeof range.high !== 'number') return footer;
  return { ...footer, number: bounded, min: range.low, max: range.high };
}

/** The footer holds every value as text. */
function footerNumber(text: string): string {
  const time = `TRY_CAST(${text} AS TIMESTAMP)`;
  const milliseconds = `CASE WHEN isfinite(${time}) THEN CAST(epoch_ms(${time}) AS DOUBLE) ELSE CAST('inf' AS DOUBLE) END`;
  return `coalesce(TRY_CAST(${text} AS DOUBLE), ${milliseconds})`;
}

function queryTotals({ session, file, rows, run }: Profiling, columns: readonly Footer[]): Promise<JsonRow> {
  const list = columns.flatMap(({ name, type, number, index }) => {
    const column = identifier(name);
    const distinct = rows <= EXACT_ROWS ? `count(DISTINCT ${column})` : `approx_count_distinct(${column})`;
    const moments =
      number && isNumber(type) ? [`avg(${number}) AS mean_${index}`, `stddev_samp(${number}) AS std_${index}`] : [];
    return [`${distinct} AS distinct_${index}`, ...moments];
  });
  return firstRow(session, `SELECT ${list.join(', ')} FROM ${file}`, run);
}

async function queryQuantiles({ session, file, rows, run }: Profiling, columns: readonly Footer[]): Promise<JsonRow> {
  const list = columns.flatMap(({ number, index }) =>
    number ? [`quantile_cont(${number}, [${PROBABILITIES.join(', ')}]) AS quantiles_${index}`] : [],
  );
  if (list.length === 0) return {};
  const stride = Math.ceil(rows / EXACT_ROWS);
  const sample = `read_parquet(${file}, file_row_number = true) WHERE hash(file_row_number) % ${stride} = 0`;
  return firstRow(session, `SELECT ${list.join(', ')} FROM ${stride > 1 ? sample : file}`, run);
}

async function queryHistogram(
  { session, file, run }: Profiling,
  column: Footer,
  min: number,
  max: number,
): Promise<Histogram> {
  const show = valueFormat(column.type);
  // Also true for a range so narrow that no finite number divides it.
  const isConstant = !Number.isFinite(BINS / (max - min));
  const bins = isConstant ? 1 : BINS;
  const scale = isConstant ? 0 : BINS / (max - min);
  const position = `(${column.number} - ${double(min)}) * ${double(scale)}`;
  const rows = await session.rows(
    `SELECT least(${bins - 1}, CAST(trunc(${position}) AS INTEGER)) AS bin, count(*) AS n FROM ${file} GROUP BY bin`,
    run,
  );
  const counts = new Array<number>(bins).fill(0);
  for (const { bin, n } of rows) if (bin !== null) counts[Number(bin)] = Number(n);
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? max : min + ((max - min) * i) / bins));
  return { edges: edges.map(show), counts };
}

async function queryTop({ session, file, run }: Profiling, { name }: ColumnSchema): Promise<CategoryCount[]> {
  const column = identifier(name);
  const rows = await session.rows(
    `SELECT ${column} AS value, count(*) AS n FROM ${file} WHERE ${column} IS NOT NULL GROUP BY value ORDER BY n DESC, value LIMIT ${TOP_CATEGORIES}`,
    run,
  );
  return rows.map(({ value, n }) => ({ value: shorten(value), count: Number(n) }));
}

function numeric(column: string, type: ColumnType): string | undefined {
  switch (type) {
    case 'NUMBER':
      return column;
    case 'INTEGER':
      return `CAST(${column} AS DOUBLE)`;
    case 'DATE':
    case 'TIMESTAMP':
      return `CAST(epoch_ms(CAST(${column} AS TIMESTAMP)) AS DOUBLE)`;
    case 'BOOLEAN':
    case 'STRING':
      return undefined;
  }
}

function isNumber(type: ColumnType): boolean {
  return type === 'NUMBER' || type === 'INTEGER';
}

function hasCategories(type: ColumnType, distinct: number): boolean {
  if (type === 'INTEGER') return distinct <= MAX_INTEGER_CATEGORIES;
  return type === 'BOOLEAN' || (type === 'STRING' && distinct <= MAX_CATEGORIES);
}

function valueFormat(type: ColumnType): (value: number) => number | string {
  if (isNumber(type)) return (value) => value;
  return (milliseconds) => {
    const time = new Date(milliseconds);
    if (Number.isNaN(time.getTime())) return milliseconds;
    const text = time.toISOString();
    return type === 'DATE' && text.endsWith('T00:00:00.000Z') ? text.slice(0, -14) : text;
  };
}

function double(value: number): string {
  return `CAST(${value} AS DOUBLE)`;
}

function shorten(value: JsonValue | undefined): string | number | boolean {
  const scalar = value as Exclude<JsonScalar, null>;
  return typeof scalar === 'string' ? scalar.slice(0, SHOWN_CHARACTERS) : scalar;
}

async function firstRow(session: DuckDbSession, sql: string, run: RunOptions): Promise<JsonRow> {
  const [row = {}] = await session.rows(sql, run);
  return row;
}
