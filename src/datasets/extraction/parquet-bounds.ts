import { AppError } from '../../errors/app-error.js';
import { DuckDbSession, JsonRow, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literals } from '../../platform/duckdb/sql-text.js';
import type { ExtractionLimits } from './limits.js';
import { tooLarge } from './staging.js';

interface ParquetColumn {
  readonly name: string;
  readonly duckdbType: string;
}

/**
 * A dictionary stores a text once for any number of rows, so that a small file can hold more than all memory and disk.
 * Looks at the footer, and reads the columns of text only if that leaves it open. (Nested columns become JSON within the
 * memory limit.)
 * @throws AppError LIMIT_EXCEEDED
 */
export async function assertParquetBounded(
  session: DuckDbSession,
  paths: readonly string[],
  columns: readonly ParquetColumn[],
  limits: ExtractionLimits,
  run: RunOptions,
): Promise<void> {
  const [footer] = await session.rows(footerSql(paths, limits), run);
  if (numberOf(footer, 'uncompressed') > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const texts = columns.filter(({ duckdbType }) => duckdbType === 'VARCHAR' || duckdbType === 'BLOB');
  const isHarmless =
    numberOf(footer, 'largest') <= limits.maxLineBytes && numberOf(footer, 'expanded') <= limits.maxBytes;
  if (isHarmless || texts.length === 0) return;
  const [read] = await session.rows(lengthsSql(paths, texts), run);
  if (numberOf(read, 'longest') > limits.maxLineBytes) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `A text in the Parquet data has ${numberOf(read, 'longest')} bytes; ${limits.maxLineBytes} are the most. Leave such columns out at the source.`,
    );
  }
  if (numberOf(read, 'bytes') > limits.maxBytes) throw tooLarge(limits.maxBytes);
}

/** No text is longer than the chunk of its column. */
function footerSql(paths: readonly string[], { maxLineBytes }: ExtractionLimits): string {
  const ofTexts = `FILTER (type = 'BYTE_ARRAY')`;
  const expanded = `num_values::DOUBLE * least(total_uncompressed_size, ${maxLineBytes})`;
  return `SELECT sum(total_uncompressed_size)::DOUBLE AS uncompressed, max(total_uncompressed_size) ${ofTexts} AS largest, sum(${expanded}) ${ofTexts} AS expanded FROM parquet_metadata(${literals(paths)})`;
}

function lengthsSql(paths: readonly string[], texts: readonly ParquetColumn[]): string {
  const lengths = texts.map(({ name, duckdbType }) =>
    duckdbType === 'BLOB' ? `octet_length(${identifier(name)})` : `strlen(${identifier(name)})`,
  );
  const longest = lengths.map((length) => `max(${length})`).join(', ');
  const bytes = lengths.map((length) => `coalesce(sum(${length}), 0)`).join(' + ');
  return `SELECT greatest(${longest}) AS longest, (${bytes})::DOUBLE AS bytes FROM read_parquet(${literals(paths)})`;
}

function numberOf(row: JsonRow | undefined, name: string): number {
  return Number(row?.[name] ?? 0);
}
