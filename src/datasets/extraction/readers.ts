import { open } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { DuckDbSession, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal, literals } from '../../platform/duckdb/sql-text.js';
import { AppError } from '../../errors/app-error.js';
import { ColumnType, RawColumn } from './column-types.js';
import { CsvDialect, detectDialect } from './csv-dialect.js';
import { describeConversionError } from './conversion-errors.js';
import { ExtractionLimits } from './limits.js';
import { assertParquetBounded } from './parquet-bounds.js';
import { commonColumns } from './same-columns.js';
import { FileFormat, ReadOptions } from './source-spec.js';
import { inNamedFile, type Staged, type StagedFile } from './staged-files.js';

/** A staged source as DuckDB sees it. */
export interface RawRelation {
  readonly format: FileFormat;
  /** Table function call that reads all files in their order of rows. */
  readonly from: string;
  readonly columns: readonly RawColumn[];
  /** What {@link from} reads, file by file, so that a row can be found in its own; in one piece where types differ. */
  readonly parts: readonly RawPart[];
}

export interface RawPart {
  readonly file?: StagedFile;
  readonly from: string;
  /** CSV only: the same file, with a table of the lines that break its rules instead of an error. */
  readonly fromRejecting?: string;
}

/** How the files of one source are read. */
interface FormatReader {
  readonly from: (paths: readonly string[]) => string;
  readonly fromRejecting?: (path: string) => string;
  /** @throws AppError BAD_INPUT for a file that does not have this format. */
  readonly columnsOf: (path: string) => Promise<RawColumn[]>;
  /** JSON only: the same from all rows instead of the first 20,480. */
  readonly columnsOfAllRows?: (path: string) => Promise<RawColumn[]>;
}

/** With a fixed buffer, row groups and so the bytes of the snapshot are the same for any thread count and memory. */
const CSV_BUFFER_BYTES = 16_000_000;
const HEAD_BYTES = 1_000_000;
const MAX_REJECTS = 10;

/** @throws AppError BAD_INPUT or LIMIT_EXCEEDED for files that cannot be read with the options, or not together. */
export async function openRelation(
  session: DuckDbSession,
  { files, format, declared }: Pick<Staged, 'files' | 'format' | 'declared'>,
  options: ReadOptions,
  limits: ExtractionLimits,
  run: RunOptions,
): Promise<RawRelation> {
  const paths = files.map(({ path }) => path);
  const reader = await readerOf();
  const from = reader.from(paths);
  const { columnsOf, columnsOfAllRows = columnsOf } = reader;
  const columns = await commonColumns(
    files,
    format,
    (file) => inFile(file, () => columnsOf(file.path)),
    (file) => inFile(file, () => columnsOfAllRows(file.path)),
  );
  if (columns.length > limits.maxColumns) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `The source has ${columns.length} columns; ${limits.maxColumns} are the most. Leave some out at the source.`,
    );
  }
  if (format === 'PARQUET') await assertParquetBounded(session, paths, columns, limits, run);
  if (format === 'JSON' || format === 'NDJSON') return jsonRelation(session, format, from, run);
  const parts = files.map((file) => ({
    file,
    from: reader.from([file.path]),
    fromRejecting: reader.fromRejecting?.(file.path),
  }));
  return { format, from, columns, parts };

  async function readerOf(): Promise<FormatReader> {
    switch (format) {
      case 'CSV':
        return csvReader(await inFile(files[0]!, () => dialectOf(paths[0]!, options)), options, limits, declared);
      case 'JSON':
      case 'NDJSON':
        return jsonReader(session, format, limits, run);
      case 'PARQUET':
        return parquetReader(session, run);
    }
  }

  async function inFile<T>(file: StagedFile, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw inNamedFile(describeConversionError(error, options), file);
    }
  }
}

/** The same JSON file with its types taken from all rows instead of the first 20,480. */
export async function openWholeJson(
  session: DuckDbSession,
  relation: RawRelation,
  run: RunOptions,
): Promise<RawRelation> {
  const from = ofAllRows(relation.from);
  return { ...relation, from, columns: await describe(session, from, run) };
}

async function dialectOf(path: string, options: ReadOptions): Promise<CsvDialect> {
  return detectDialect(await readHead(path), options);
}

/** @param dialect that of the first file, which the others must have as well. */
function csvReader(
  dialect: CsvDialect,
  options: ReadOptions,
  limits: ExtractionLimits,
  declared?: ReadonlyMap<string, ColumnType>,
): FormatReader {
  const { delimiter, header, names } = dialect;
  const settings = [
    'auto_detect = false',
    `delim = ${literal(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `header = ${String(header)}`,
    `columns = {${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')}}`,
    `max_line_size = ${limits.maxLineBytes}`,
    `buffer_size = ${Math.max(CSV_BUFFER_BYTES, limits.maxLineBytes)}`,
    // A database tells NULL from '', which our export of its rows writes as "".
    `allow_quoted_nulls = ${String(declared === undefined)}`,
  ].join(', ');
  return {
    from: (paths) => `read_csv(${literals(paths)}, ${settings})`,
    fromRejecting: (path) =>
      `read_csv(${literal(path)}, ${settings}, store_rejects = true, rejects_limit = ${MAX_REJECTS})`,
    columnsOf: async (path) => {
      const found = await dialectOf(path, { ...options, delimiter });
      return found.names.map((name) => ({ name, duckdbType: 'VARCHAR', declared: declared?.get(name) }));
    },
  };
}

function jsonReader(
  session: DuckDbSession,
  format: 'JSON' | 'NDJSON',
  limits: ExtractionLimits,
  run: RunOptions,
): FormatReader {
  const layout = format === 'JSON' ? 'array' : 'newline_delimited';
  const settings = `format = '${layout}', records = 'true', maximum_depth = 2, map_inference_threshold = -1, maximum_object_size = ${limits.maxLineBytes}`;
  const from = (paths: readonly string[]): string =>
    `read_json(${literals(paths)}, ${settings}, maximum_sample_files = ${paths.length})`;
  return {
    from,
    columnsOf: async (path) => {
      assertBeginsLike(format, await readHead(path));
      return describe(session, from([path]), run);
    },
    columnsOfAllRows: (path) => describe(session, ofAllRows(from([path])), run),
  };
}

/**
 * Types of JSON are those of all rows. Where the first ones tell the same, reading looks at no more each time; where
 * they don't, it would round 2.5 to the integer type that it took for granted, without a word.
 */
async function jsonRelation(
  session: DuckDbSession,
  format: 'JSON' | 'NDJSON',
  from: string,
  run: RunOptions,
): Promise<RawRelation> {
  const [ofFirst, columns] = [await describe(session, from, run), await describe(session, ofAllRows(from), run)];
  const chosen = isDeepStrictEqual(ofFirst, columns) ? from : ofAllRows(from);
  return { format, from: chosen, columns, parts: [{ from: chosen }] };
}

function ofAllRows(readJson: string): string {
  return readJson.replace(/(, sample_size = -1)?\)$/, ', sample_size = -1)');
}

function assertBeginsLike(format: 'JSON' | 'NDJSON', head: string): void {
  const first = head.trimStart()[0];
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
}

function parquetReader(session: DuckDbSession, run: RunOptions): FormatReader {
  const from = (paths: readonly string[]): string => `read_parquet(${literals(paths)})`;
  return { from, columnsOf: (path) => describe(session, from([path]), run) };
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
    const { size } = await file.stat();
    const head = Buffer.alloc(Math.min(size, HEAD_BYTES));
    const { buffer, bytesRead } = await file.read(head, 0, head.length, 0);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
