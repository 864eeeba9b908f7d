import type { EntityManager } from 'typeorm';
import { batchCounts, type CountedPrediction, type WindowCountRow } from './counts/batch-counts.js';
import { type AnsweredClaim, insertClaims } from './idempotency/claim.js';
import { countParameters, insertCountsSql } from './counts/window-count-rows.js';
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

/** Most rows and characters in one statement: serialising the parameters of more would hold up the event loop. */
const STATEMENT_ROWS = 500;
const STATEMENT_SIZE = 2 ** 18;

const INSERT = `
  INSERT INTO prediction (id, model_id, version_id, inputs, output, latency_us, caller_kind, caller_id, correlation_id,
                          request_id, shadow_of)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[], $5::jsonb[], $6::int[], $7::text[], $8::uuid[],
                       $9::text[], $10::text[], $11::uuid[])`;
const PARAMETERS = 11;

/** One statement for the log and its counts: a transaction of its own without further ways to the server. */
function insertSql(counts: number): string {
  return counts === 0 ? INSERT : `WITH logged AS (${INSERT}) ${insertCountsSql(counts, PARAMETERS + 1)}`;
}

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
  const [first, ...rest] = statementsOf(rows);
  const counts = batchCounts(rows);
  if (rest.length === 0 && claims.length === 0) return insertStatement(manager, first ?? [], counts);
  await manager.transaction(async (transaction) => {
    if (claims.length > 0) await insertClaims(transaction, claims);
    await insertStatement(transaction, first!, counts);
    for (const statement of rest) await insertStatement(transaction, statement, []);
  });
}

function statementsOf(rows: readonly LogRow[]): LogRow[][] {
  const statements: LogRow[][] = [];
  let room = 0;
  for (const row of rows) {
    const size = sizeOf(row);
    const last = statements.at(-1);
    if (last && last.length < STATEMENT_ROWS && size <= room) {
      last.push(row);
      room -= size;
    } else {
      statements.push([row]);
      room = STATEMENT_SIZE - size;
    }
  }
  return statements;
}

async function insertStatement(
  manager: EntityManager,
  rows: readonly LogRow[],
  counts: readonly WindowCountRow[],
): Promise<void> {
  await manager.query(insertSql(counts.length), [
    rows.map((row) => row.id),
    rows.map((row) => row.modelId),
    rows.map((row) => row.versionId),
    rows.map((row) => row.inputs),
    rows.map((row) => row.output),
    rows.map((row) => row.latencyUs),
    rows.map((row) => row.callerKind),
    rows.map((row) => row.callerId),
    rows.map((row) => row.correlationId),
    rows.map((row) => row.requestId),
    rows.map((row) => row.shadowOf ?? null),
    ...countParameters(counts),
  ]);
}
