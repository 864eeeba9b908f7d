import type { EntityManager } from 'typeorm';
import type { CallerKind } from './prediction.entity.js';

/** A row of the prediction log on its way to the database. JSON is serialised once, where the row is scored. */
export interface LogRow {
  readonly id: string;
  readonly modelId: string;
  readonly versionId: string;
  readonly inputs: string;
  readonly output: string;
  readonly latencyUs: number;
  readonly callerKind: CallerKind;
  readonly callerId: string;
  readonly correlationId: string | null;
  readonly requestId: string;
}

/** Most rows and characters in one statement: serialising the parameters of more would hold up the event loop. */
const STATEMENT_ROWS = 500;
const STATEMENT_SIZE = 2 ** 18;

const INSERT = `
  INSERT INTO prediction (id, model_id, version_id, inputs, output, latency_us, caller_kind, caller_id, correlation_id,
                          request_id)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[], $5::jsonb[], $6::int[], $7::text[], $8::uuid[],
                       $9::text[], $10::text[])`;

/** Characters that a row takes while it waits. */
export function sizeOf(row: LogRow): number {
  return row.inputs.length + row.output.length;
}

/** Writes all rows or none. */
export async function insertPredictions(manager: EntityManager, rows: readonly LogRow[]): Promise<void> {
  const [first, ...rest] = statementsOf(rows);
  if (rest.length === 0) return insertStatement(manager, first ?? []);
  await manager.transaction(async (transaction) => {
    for (const statement of [first!, ...rest]) await insertStatement(transaction, statement);
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

async function insertStatement(manager: EntityManager, rows: readonly LogRow[]): Promise<void> {
  await manager.query(INSERT, [
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
  ]);
}
