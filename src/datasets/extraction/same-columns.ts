import { AppError } from '../../errors/app-error.js';
import type { RawColumn } from './column-types.js';
import type { FileFormat } from './source-spec.js';
import type { StagedFile } from './staged-files.js';

const SHOWN = 10;

/** Reads the columns of a file. */
type ColumnsOf = (file: StagedFile) => Promise<readonly RawColumn[]>;

/**
 * The columns that all files of a source have, as the first one has them.
 * @param lookCloser the same from all rows of a file, where `columnsOf` looks at the first ones.
 * @throws AppError BAD_INPUT naming the first file with other columns.
 */
export async function commonColumns(
  files: readonly StagedFile[],
  format: FileFormat,
  columnsOf: ColumnsOf,
  lookCloser = columnsOf,
): Promise<readonly RawColumn[]> {
  const [first, ...others] = files;
  const expected = await columnsOf(first!);
  for (const file of others) {
    if (differenceOf(expected, await columnsOf(file), format) === undefined) continue;
    const difference = differenceOf(await lookCloser(first!), await lookCloser(file), format);
    if (difference === undefined) continue;
    throw new AppError(
      'BAD_INPUT',
      `${file.name} does not have the columns of ${first!.name}: ${difference}. Give all objects the same columns, or keep others below another prefix.`,
      { object: file.name },
    );
  }
  return expected;
}

/**
 * How the columns of a file differ from those expected, in words; undefined if they don't. CSV is read by position, so
 * the order counts; in Parquet the types do, since a value might not fit; types of JSON are found over all files.
 */
export function differenceOf(
  expected: readonly RawColumn[],
  found: readonly RawColumn[],
  format: FileFormat,
): string | undefined {
  const missing = namesWithout(expected, found);
  if (missing.length > 0) return `it lacks ${listOf(missing)}`;
  const additional = namesWithout(found, expected);
  if (additional.length > 0) return `it also has ${listOf(additional)}`;
  if (format === 'CSV') return differentOrder(expected, found);
  return format === 'PARQUET' ? differentType(expected, found) : undefined;
}

function differentOrder(expected: readonly RawColumn[], found: readonly RawColumn[]): string | undefined {
  const at = expected.findIndex(({ name }, index) => name !== found[index]!.name);
  if (at === -1) return undefined;
  return `its column ${at + 1} is ${JSON.stringify(found[at]!.name)} instead of ${JSON.stringify(expected[at]!.name)}`;
}

function differentType(expected: readonly RawColumn[], found: readonly RawColumn[]): string | undefined {
  const types = new Map(found.map(({ name, duckdbType }) => [name, duckdbType]));
  const other = expected.find(({ name, duckdbType }) => types.get(name) !== duckdbType);
  return other && `its ${JSON.stringify(other.name)} is ${types.get(other.name)} instead of ${other.duckdbType}`;
}

function namesWithout(columns: readonly RawColumn[], others: readonly RawColumn[]): string[] {
  const known = new Set(others.map(({ name }) => name));
  return columns.map(({ name }) => name).filter((name) => !known.has(name));
}

function listOf(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names
    .slice(0, SHOWN)
    .map((name) => JSON.stringify(name))
    .join(', ')}${more}`;
}
