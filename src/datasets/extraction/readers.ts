import { open } from 'node:fs/promises';
import { DuckDbSession, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { AppError } from '../../errors/app-error.js';
import { ColumnType } from './column-types.js';
import { CsvDialect, detectDialect } from './csv-dialect.js';
import { ExtractionLimits } from './limits.js';
import { assertParquetBounded } from './parquet-bounds.js';
import { FileFormat, ReadOptions } from './source-spec.js';

export interface RawColumn {
  readonly name: string;
  /** DuckDB's type; always VARCHAR in a CSV file. */
  readonly duckdbType: string;
  /** The type that the source declares (a database does), so that nothing has to be inferred. */
  readonly declared?: ColumnType;
}

/** A staged file as DuckDB sees it. */
export interface RawRelation {
  readonly format: FileFormat;
  /** Table function call that reads the file in its order of rows. */
  readonly from: string;
  readonly columns: readonly RawColumn[];
  /** CSV only: the same file, with a table of the lines that break its rules instead of an error. */
  readonly fromRejecting?: string;
}

/** With a fixed buffer, row groups and so the bytes of the snapshot are the same for any thread count and memory. */
const CSV_BUFFER_BYTES = 16_000_000;
const HEAD_BYTES = 1_000_000;
const MAX_REJECTS = 10;

/** @throws AppError BAD_INPUT or LIMIT_EXCEEDED for a file that cannot be read with the options. */
export async function openRelation(
  session: DuckDbSession,
  file: { readonly path: string; readonly format: FileFormat; readonly declared?: ReadonlyMap<string, ColumnType> },
  options: ReadOptions,
  limits: ExtractionLimits,
  run: RunOptions,
): Promise<RawRelation> {
  const relation = await relationOf();
  if (relation.columns.length > limits.maxColumns) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `The source has ${relation.columns.length} columns; ${limits.maxColumns} are the most. Leave some out at the source.`,
    );
  }
  return relation;

  async function relationOf(): Promise<RawRelation> {
    switch (file.format) {
      case 'CSV':
        return csvRelation(file.path, detectDialect(await readHead(file.path), options), limits, file.declared);
      case 'JSON':
      case 'NDJSON':
        return jsonRelation(session, file.path, file.format, limits, run);
      case 'PARQUET':
        return parquetRelation(session, file.path, limits, run);
    }
  }
}

/** The same JSON file with its types taken from all rows instead of the first 20,480. */
export async function openWholeJson(
  session: DuckDbSession,
  relation: RawRelation,
  run: RunOptions,
): Promise<RawRelation> {
  const from = relation.from.replace(/\)$/, ', sample_size = -1)');
  return { ...relation, from, columns: await describe(session, from, run) };
}

function csvRelation(
  path: string,
  dialect: CsvDialect,
  limits: ExtractionLimits,
  declared?: ReadonlyMap<string, ColumnType>,
): RawRelation {
  const settings = [
    'auto_detect = false',
    `delim = ${literal(dialect.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `header = ${String(dialect.header)}`,
    `columns = {${dialect.names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')}}`,
    `max_line_size = ${limits.maxLineBytes}`,
    `buffer_size = ${Math.max(CSV_BUFFER_BYTES, limits.maxLineBytes)}`,
    // A database tells NULL from '', which our export of its rows writes as "".
    `allow_quoted_nulls = ${String(declared === undefined)}`,
  ].join(', ');
  return {
    format: 'CSV',
    from: `read_csv(${literal(path)}, ${settings})`,
    fromRejecting: `read_csv(${literal(path)}, ${settings}, store_rejects = true, rejects_limit = ${MAX_REJECTS})`,
    columns: dialect.names.map((name) => ({ name, duckdbType: 'VARCHAR', declared: declared?.get(name) })),
  };
}

async function jsonRelation(
  session: DuckDbSession,
  path: string,
  format: 'JSON' | 'NDJSON',
  limits: ExtractionLimits,
  run: RunOptions,
): Promise<RawRelation> {
  const first = (await readHead(path)).trimStart()[0];
  if (format === 'JSON' && first !== '[') {
    throw new AppError(
      'BAD_INPUT',
      'The source is not a JSON array of objects. Choose NDJSON for one object a line, or a URL that answers with an array.',
    );
  }
  if (format === 'NDJSON' && first !== '{') {
    throw new AppError(
      'BAD_INPUT',
      'The source does not begin with a JSON object. Choose JSON for an array of objects.',
    );
  }
  const layout = format === 'JSON' ? 'array' : 'newline_delimited';
  const from = `read_json(${literal(path)}, format = '${layout}', records = 'true', maximum_depth = 2, map_inference_threshold = -1, maximum_object_size = ${limits.maxLineBytes})`;
  return { format, from, columns: await describe(session, from, run) };
}

async function parquetRelation(
  session: DuckDbSession,
  path: string,
  limits: ExtractionLimits,
  run: RunOptions,
): Promise<RawRelation> {
  const from = `read_parquet(${literal(path)})`;
  const columns = await describe(session, from, run);
  await assertParquetBounded(session, path, columns, limits, run);
  return { format: 'PARQUET', from, columns };
}

/** Column names and DuckDB types of a table expression. */
export async function describe(session: DuckDbSession, from: string, run: RunOptions): Promise<RawColumn[]> {
  const rows = await session.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`, run);
  return rows.map((row) => ({ name: String(row.column_name), duckdbType: String(row.column_type) }));
}

/** `SELECT` list of all raw columns, for reading text before any conversion. */
export function rawColumns(relation: RawRelation): string {
  return relation.columns.map(({ name }) => identifier(name)).join(', ');
}

async function readHead(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
