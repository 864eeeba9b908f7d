import { DuckDbSession, JsonRow, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { ColumnSchema } from './column-types.js';

/** Most rows that are kept to be looked at. */
export const FIRST_ROWS = 100;
const SHOWN_CHARACTERS = 1000;
const MAX_JSON_CHARACTERS = 1_000_000;

/**
 * The first rows of a snapshot, JSON-safe and small: dates as `2012-01-31`, timestamps as
 * `2012-01-31T10:00:00.000000Z`, integers beyond 2^53 as text, text cut to 1,000 characters. Fewer rows if they are wide.
 */
export async function firstRows(
  session: DuckDbSession,
  path: string,
  columns: readonly ColumnSchema[],
  run: RunOptions,
): Promise<JsonRow[]> {
  const list = columns.map((column) => `${jsonExpression(column)} AS ${identifier(column.name)}`);
  const rows = await session.rows(
    `SELECT ${list.join(', ')} FROM read_parquet(${literal(path)}) LIMIT ${FIRST_ROWS}`,
    run,
  );
  let characters = 0;
  return rows.filter((row) => (characters += JSON.stringify(row).length) <= MAX_JSON_CHARACTERS);
}

function jsonExpression({ name, type }: ColumnSchema): string {
  const column = identifier(name);
  switch (type) {
    case 'DATE':
      return `CAST(${column} AS VARCHAR)`;
    case 'TIMESTAMP':
      return `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
    case 'STRING':
      return `CASE WHEN length(${column}) > ${SHOWN_CHARACTERS} THEN left(${column}, ${SHOWN_CHARACTERS}) || '…' ELSE ${column} END`;
    case 'NUMBER':
    case 'INTEGER':
    case 'BOOLEAN':
      return column;
  }
}
