import type { EntityManager } from 'typeorm';
import type { WindowCountRow } from './batch-counts.js';

const COLUMNS = 'id, model_id, version_id, binning_id, granularity, window_start, rows, counts';
const WIDTH = 8;
/** Rows in one statement: PostgreSQL takes at most 65,535 parameters. */
const STATEMENT_ROWS = 2_000;

/**
 * An INSERT of `rows` rows whose parameters, see {@link countParameters}, begin with `$first`. Mostly there is one, for
 * which plain values cost the server less than half of what arrays do.
 */
export function insertCountsSql(rows: number, first = 1): string {
  const tuples = Array.from({ length: rows }, (_, row) => {
    return `(${Array.from({ length: WIDTH }, (_, column) => `$${first + row * WIDTH + column}`).join(', ')})`;
  });
  return `INSERT INTO window_counts (${COLUMNS}) VALUES ${tuples.join(', ')}`;
}

export function countParameters(rows: readonly WindowCountRow[]): unknown[] {
  return rows.flatMap(({ id, modelId, versionId, binningId, granularity, windowStart, rows: count, counts }) => {
    return [id, modelId, versionId, binningId, granularity, windowStart, count, counts];
  });
}

export async function insertCounts(manager: EntityManager, rows: readonly WindowCountRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += STATEMENT_ROWS) {
    const part = rows.slice(start, start + STATEMENT_ROWS);
    await manager.query(insertCountsSql(part.length), countParameters(part));
  }
}
