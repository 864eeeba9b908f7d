import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { CallerKind } from '../prediction.entity.js';
import type { OutcomeValue } from './outcome.entity.js';
import type { Recorded } from './outcome-report.js';
import type { OutcomeTarget } from './outcome-targets.js';

/** The value of one prediction, as one outcome states it. */
export interface StatedOutcome {
  readonly target: OutcomeTarget;
  readonly value: OutcomeValue;
  readonly occurredAt: Date | null;
}

export interface OutcomeCaller {
  readonly kind: CallerKind;
  readonly id: string;
}

interface Change extends StatedOutcome {
  readonly previous: OutcomeValue;
}

/**
 * Writes outcomes in their order: the last value of a prediction stays, every change is kept.
 * @returns for each what it was.
 */
export async function writeOutcomes(
  manager: EntityManager,
  stated: readonly StatedOutcome[],
  caller: OutcomeCaller,
): Promise<Recorded[]> {
  const inserted = await insertFirst(manager, stated, caller);
  const current = await lockValues(manager, stated);
  const changes: Change[] = [];
  const results = stated.map((outcome): Recorded => {
    const { predictionId } = outcome.target;
    if (inserted.delete(predictionId)) return 'accepted';
    const previous = current.get(predictionId)!;
    if (previous === outcome.value) return 'unchanged';
    changes.push({ ...outcome, previous });
    current.set(predictionId, outcome.value);
    return 'changed';
  });
  if (changes.length > 0) await writeChanges(manager, changes, caller);
  return results;
}

/**
 * Inserts the first outcome of each prediction that has none yet. In the order of the ids, here and below, so that two
 * requests about the same predictions wait for each other instead of blocking each other.
 */
async function insertFirst(
  manager: EntityManager,
  stated: readonly StatedOutcome[],
  caller: OutcomeCaller,
): Promise<Set<string>> {
  const first = new Map<string, StatedOutcome>();
  for (const outcome of stated) {
    if (!first.has(outcome.target.predictionId)) first.set(outcome.target.predictionId, outcome);
  }
  const rows = [...first.values()];
  const inserted = await manager.query<{ prediction_id: string }[]>(
    `INSERT INTO outcome (prediction_id, model_id, version_id, value, occurred_at, caller_kind, caller_id)
     SELECT *, $6, $7::uuid FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[], $5::timestamptz[])
       AS stated (prediction_id) ORDER BY prediction_id
     ON CONFLICT (prediction_id) DO NOTHING RETURNING prediction_id`,
    [
      rows.map(({ target }) => target.predictionId),
      rows.map(({ target }) => target.modelId),
      rows.map(({ target }) => target.versionId),
      rows.map(({ value }) => JSON.stringify(value)),
      rows.map(({ occurredAt }) => occurredAt),
      caller.kind,
      caller.id,
    ],
  );
  return new Set(inserted.map((row) => row.prediction_id));
}

/** Values that nobody else changes before this transaction ends. */
async function lockValues(
  manager: EntityManager,
  stated: readonly StatedOutcome[],
): Promise<Map<string, OutcomeValue>> {
  const rows = await manager.query<{ prediction_id: string; value: OutcomeValue }[]>(
    'SELECT prediction_id, value FROM outcome WHERE prediction_id = ANY ($1) ORDER BY prediction_id FOR UPDATE',
    [stated.map(({ target }) => target.predictionId)],
  );
  return new Map(rows.map(({ prediction_id, value }) => [prediction_id, value]));
}

async function writeChanges(manager: EntityManager, changes: readonly Change[], caller: OutcomeCaller): Promise<void> {
  await manager.query(
    `INSERT INTO outcome_change (id, prediction_id, previous, value, occurred_at, caller_kind, caller_id)
     SELECT *, $6, $7::uuid FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::jsonb[], $5::timestamptz[])`,
    [
      changes.map(() => uuidv7()),
      changes.map(({ target }) => target.predictionId),
      changes.map(({ previous }) => JSON.stringify(previous)),
      changes.map(({ value }) => JSON.stringify(value)),
      changes.map(({ occurredAt }) => occurredAt),
      caller.kind,
      caller.id,
    ],
  );
  const last = [...new Map(changes.map((change) => [change.target.predictionId, change])).values()];
  await manager.query(
    `UPDATE outcome SET value = stated.value, occurred_at = stated.occurred_at, received_at = clock_timestamp(),
       caller_kind = $4, caller_id = $5
     FROM unnest($1::uuid[], $2::jsonb[], $3::timestamptz[]) AS stated (prediction_id, value, occurred_at)
     WHERE outcome.prediction_id = stated.prediction_id`,
    [
      last.map(({ target }) => target.predictionId),
      last.map(({ value }) => JSON.stringify(value)),
      last.map(({ occurredAt }) => occurredAt),
      caller.kind,
      caller.id,
    ],
  );
}
