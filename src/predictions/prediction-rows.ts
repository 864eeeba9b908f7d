import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { BinaryRows } from '../platform/database/copy/binary-rows.js';
import { copyInto, onClientOf, type TableRows } from '../platform/database/copy/copy-in.js';
import { batchCounts, type CountedPrediction } from './counts/batch-counts.js';
import { encodeCountRows } from './counts/window-count-rows.js';
import { type AnsweredClaim, insertClaims } from './idempotency/claim.js';
import type { CallerKind } from './prediction.entity.js';

/** A row of the prediction log on its way to the database. JSON is serialised once, where the row is scored. */
export interface LogRow extends CountedPrediction {
  readonly modelId: string;
  readonly versionId: string;
  readonly inputs: string;
  readonly output: string;
  readonly latencyUs: number;
  readonly callerKind: CallerKind;
  readonly callerId: string;
  readonly correlationId: string | null;
  readonly requestId: string;
  /** Id of the prediction that was answered, if this one was only made to be compared with it. */
  readonly shadowOf?: string;
}

const COLUMNS = [
  ...['id', 'model_id', 'version_id', 'inputs', 'output', 'latency_us', 'caller_kind', 'caller_id', 'correlation_id'],
  ...['request_id', 'shadow_of'],
];
/** Rows encoded in one go; between two lots the event loop gets its turn. */
const TURN_ROWS = 500;

/** Characters that a row takes while it waits. */
export function sizeOf(row: LogRow): number {
  return row.inputs.length + row.output.length;
}

/** Writes all rows, their counts and the claims under which they were asked for, or none. */
export async function insertPredictions(
  manager: EntityManager,
  rows: readonly LogRow[],
  claims: readonly AnsweredClaim[] = [],
): Promise<void> {
  const tables = [await encodeRows(rows), ...encodeCountRows(batchCounts(rows))];
  if (claims.length === 0) return onClientOf(manager, (client) => copyInto(client, tables));
  await manager.transaction(async (transaction) => {
    await insertClaims(transaction, claims);
    await onClientOf(transaction, (client) => copyInto(client, tables));
  });
}

async function encodeRows(rows: readonly LogRow[]): Promise<TableRows> {
  const encoded = new BinaryRows();
  for (let start = 0; start < rows.length; start += TURN_ROWS) {
    if (start > 0) await setImmediate();
    for (const row of rows.slice(start, start + TURN_ROWS)) encodeRow(encoded, row);
  }
  return { table: 'prediction', columns: COLUMNS, rows: encoded };
}

function encodeRow(encoded: BinaryRows, row: LogRow): void {
  encoded.row(COLUMNS.length).uuid(row.id).uuid(row.modelId).uuid(row.versionId);
  encoded.jsonb(row.inputs).jsonb(row.output).int4(row.latencyUs).text(row.callerKind).uuid(row.callerId);
  if (row.correlationId === null) encoded.null();
  else encoded.text(row.correlationId);
  encoded.text(row.requestId);
  if (row.shadowOf === undefined) encoded.null();
  else encoded.uuid(row.shadowOf);
}
