import { readFileSync } from 'node:fs';

/** A row of an external source: its line in the CSV file, and its cells as JSON has them. */
export interface SourceRow {
  /** Tells it from all other rows of its table. */
  readonly id: string;
  readonly line: string;
  readonly cells: Readonly<Record<string, string | number | null>>;
}

export interface SourceTable {
  readonly header: string;
  readonly rows: readonly SourceRow[];
}

/**
 * Reads a CSV file without quotes; `NA` is a missing value.
 * @param texts columns that are no numbers.
 * @param idOf which row it is, from its columns.
 */
export function readTable(
  path: string,
  texts: readonly string[],
  idOf: (cells: SourceRow['cells']) => string,
): SourceTable {
  const [header, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const columns = header!.split(',').map((name) => ({ name, isText: texts.includes(name) }));
  const rows = lines.map((line) => {
    const values = line.split(',');
    const cells = Object.fromEntries(columns.map(({ name, isText }, i) => [name, cellOf(values[i]!, isText)]));
    return { id: idOf(cells), line, cells };
  });
  return { header: header!, rows };
}

function cellOf(value: string, isText: boolean): string | number | null {
  if (value === 'NA') return null;
  return isText ? value : Number(value);
}
