import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Column, TrainingTable } from '../../ml/train/table.js';
import type { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { literal } from '../../platform/duckdb/sql-text.js';

const SQL_TYPES: Readonly<Record<Column['type'], string>> = {
  NUMBER: 'DOUBLE',
  BOOLEAN: 'DOUBLE',
  STRING: 'VARCHAR',
};

/** What a model sees of a table, and the target. */
export function columnsOf({ features, target }: TrainingTable): Column[] {
  const last: Column =
    target.task === 'REGRESSION'
      ? { name: target.name, type: 'NUMBER', values: target.values }
      : { name: target.name, type: 'STRING', codes: target.codes, dictionary: target.classes };
  return [...features, last];
}

/** Writes rows of columns as Parquet, in the given order. They stream through a file beside the target. */
export async function writeTable(
  session: DuckDbSession,
  columns: readonly Column[],
  rows: Iterable<number>,
  target: string,
): Promise<void> {
  const lines = `${target}.ndjson`;
  try {
    await pipeline(Readable.from(jsonLines(columns, rows)), createWriteStream(lines));
    const types = columns.map((column) => `${literal(column.name)}: ${literal(SQL_TYPES[column.type])}`);
    const source = `read_json(${literal(lines)}, format = 'newline_delimited', columns = {${types.join(', ')}})`;
    await session.execute(`COPY (SELECT * FROM ${source}) TO ${literal(target)} (FORMAT parquet, COMPRESSION zstd)`);
  } finally {
    await rm(lines, { force: true });
  }
}

function* jsonLines(columns: readonly Column[], rows: Iterable<number>): Generator<string> {
  for (const row of rows) {
    const values = columns.map((column) => [column.name, valueOf(column, row)] as const);
    yield `${JSON.stringify(Object.fromEntries(values))}\n`;
  }
}

function valueOf(column: Column, row: number): string | number | null {
  if (column.type === 'STRING') return column.dictionary[column.codes[row]!] ?? null;
  const value = column.values[row]!;
  return Number.isNaN(value) ? null : value;
}
