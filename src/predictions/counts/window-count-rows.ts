import type { EntityManager } from 'typeorm';
import { BinaryRows } from '../../platform/database/copy/binary-rows.js';
import { copyInto, onClientOf, type TableRows } from '../../platform/database/copy/copy-in.js';
import type { WindowCountRow } from './batch-counts.js';

const COLUMNS = ['id', 'model_id', 'version_id', 'binning_id', 'granularity', 'window_start', 'rows', 'counts'];

/** The rows as they are copied into window_counts; nothing if there are none. */
export function encodeCountRows(counts: readonly WindowCountRow[]): TableRows[] {
  if (counts.length === 0) return [];
  const rows = new BinaryRows();
  for (const count of counts) {
    rows.row(COLUMNS.length).uuid(count.id).uuid(count.modelId).uuid(count.versionId).uuid(count.binningId);
    rows.text(count.granularity).timestamptz(count.windowStart).int8(count.rows).bytea(count.counts);
  }
  return [{ table: 'window_counts', columns: COLUMNS, rows }];
}

export async function insertCounts(manager: EntityManager, counts: readonly WindowCountRow[]): Promise<void> {
  const tables = encodeCountRows(counts);
  if (tables.length > 0) await onClientOf(manager, (client) => copyInto(client, tables));
}
