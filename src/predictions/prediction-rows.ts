import type { EntityManager } from 'typeorm';
import { BinaryRows } from '../platform/database/copy/binary-rows.js';
import { copyInto, onClientOf, type TableRows } from '../platform/database/copy/copy-in.js';
import { type CountedPrediction, toWindowCountRow, type WindowCountRow, WindowSums } from './counts/batch-counts.js';
import type { VersionCounter } from './counts/binnings.js';
import { turns } from '../platform/turns.js';
import { encodeCountRows } from './counts/window-count-rows.js';
import { type AnsweredClaim, insertClaims } from './idempotency/claim.js';
import { dayOfPredictionId } from './prediction-id.js';
import type { CallerKind } from './prediction.entity.js';
import type { ScoredRow } from './score-rows.js';

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

/** The rows of one request that were encoded and counted where they were scored: in a thread. */
export interface EncodedLogRows {
  readonly count: number;
  /** As {@link encodeLogRows} gives them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the partitions that they belong to. */
  readonly days: readonly string[];
  readonly counter: VersionCounter;
  readonly sums: readonly { readonly start: number; readonly rows: number; readonly counts: Float64Array }[];
}

/** The rows of one request on their way to the log. */
export type RowsToLog = readonly LogRow[] | EncodedLogRows;

/** What the rows of a request have in common. */
export interface LoggedAs {
  readonly callerKind: CallerKind;
  readonly callerId: string;
  readonly requestId: string;
}

const COLUMNS = [
  ...['id', 'model_id', 'version_id', 'inputs', 'output', 'latency_us', 'caller_kind', 'caller_id', 'correlation_id'],
  ...['request_id', 'shadow_of'],
];
/** Rows encoded in one go; between two lots the event loop gets its turn. */
const TURN_ROWS = 500;

export function logRowOf(row: ScoredRow, as: LoggedAs, latencyUs: number, correlationId: string | null): LogRow {
  const { modelId, versionId } = row.binned.counter;
  return {
    id: row.id,
    modelId,
    versionId,
    inputs: row.inputsJson,
    output: row.outputJson,
    latencyUs,
    callerKind: as.callerKind,
    callerId: as.callerId,
    correlationId,
    requestId: as.requestId,
    binned: row.binned,
    binnedRow: row.binnedRow,
  };
}

export function countOf(rows: RowsToLog): number {
  return isEncoded(rows) ? rows.count : rows.length;
}

/** Characters or bytes that rows take while they wait. */
export function sizeOf(rows: RowsToLog): number {
  return isEncoded(rows) ? rows.bytes.length : rows.reduce((sum, row) => sum + sizeOfRow(row), 0);
}

export function sizeOfRow({ inputs, output }: LogRow): number {
  return inputs.length + output.length;
}

/** The days whose partitions hold the rows. */
export function daysOf(rows: RowsToLog): readonly string[] {
  return isEncoded(rows) ? rows.days : [...new Set(rows.map(({ id }) => dayOfPredictionId(id)))];
}

/** Writes all rows, their counts and the claims under which they were asked for, or none. */
export async function insertPredictions(
  manager: EntityManager,
  requests: readonly RowsToLog[],
  claims: readonly AnsweredClaim[] = [],
): Promise<void> {
  const tables = [await encodeRequests(requests), ...encodeCountRows(countsOf(requests))];
  if (claims.length === 0) return onClientOf(manager, (client) => copyInto(client, tables));
  await manager.transaction(async (transaction) => {
    await insertClaims(transaction, claims);
    await onClientOf(transaction, (client) => copyInto(client, tables));
  });
}

/** @returns the rows in binary form, without head and end. */
export function encodeLogRows(rows: readonly LogRow[]): Uint8Array<ArrayBuffer> {
  const encoded = new BinaryRows();
  for (const row of rows) encodeRow(encoded, row);
  return encoded.toRows();
}

async function encodeRequests(requests: readonly RowsToLog[]): Promise<TableRows> {
  const encoded = new BinaryRows();
  let rows = 0;
  for (const request of requests) {
    if (isEncoded(request)) {
      encoded.append(request.bytes);
      continue;
    }
    for (const row of request) {
      if (rows++ % TURN_ROWS === TURN_ROWS - 1) await turns.next();
      encodeRow(encoded, row);
    }
  }
  return { table: 'prediction', columns: COLUMNS, rows: encoded };
}

/** The counts of what is committed together: a row for each version and slot. */
function countsOf(requests: readonly RowsToLog[]): WindowCountRow[] {
  const sums = new WindowSums();
  for (const request of requests) {
    if (isEncoded(request)) for (const sum of request.sums) sums.addSum({ ...sum, counter: request.counter });
    else for (const row of request) sums.add(row);
  }
  return sums.values().map((sum) => toWindowCountRow(sum, 'BATCH'));
}

export function isEncoded(rows: RowsToLog): rows is EncodedLogRows {
  return !Array.isArray(rows);
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
