import { DuckDbSession, JsonRow, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { ColumnSchema } from './column-types.js';

/**
 * The first rows of a snapshot, JSON-safe: dates as `2012-01-31`, timestamps as `2012-01-31T10:00:00.000000Z`, integers
 * beyond 2^53 as text.
 */
export async function firstRows(
  session: DuckDbSession,
  path: string,
  columns: readonly ColumnSchema[],
  limit: number,
  run: RunOptions,
): Promise<JsonRow[]> {
  const list = columns.map((column) => `${jsonExpression(column)} AS ${identifier(column.name)}`);
  return session.rows(`SELECT ${list.join(', ')} FROM read_parquet(${literal(path)}) LIMIT ${Math.floor(limit)}`, run);
}

function jsonExpression({ name, type }: ColumnSchema): string {
  const column = identifier(name);
  if (type === 'DATE') return `CAST(${column} AS VARCHAR)`;
  if (type === 'TIMESTAMP') return `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
  return column;
}
