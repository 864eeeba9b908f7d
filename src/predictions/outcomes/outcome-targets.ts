import type { EntityManager } from 'typeorm';
import type { Task } from '../../ml/schema/signature.js';
import { lowestPredictionId } from '../prediction-id.js';
import { type OutcomeEntry, shorten } from './outcome-entry.js';

/** Most predictions that may share a correlation id: retries do, whole batches should not. Shadows, which nobody was given, have no outcomes. */
const MAX_TARGETS = 100;

/** A prediction that an outcome speaks of. */
export interface OutcomeTarget {
  readonly predictionId: string;
  readonly modelId: string;
  readonly versionId: string;
}

/** What an outcome of a version has to fit. */
export interface TargetVersion {
  readonly model: string;
  readonly task: Task;
  readonly classes?: readonly string[];
}

/** The predictions that the outcomes of a batch speak of. */
export interface Targets {
  readonly byPredictionId: ReadonlyMap<string, OutcomeTarget>;
  readonly byCorrelationId: ReadonlyMap<string, readonly OutcomeTarget[]>;
  /** By version id; those of deleted models are absent. */
  readonly versions: ReadonlyMap<string, TargetVersion>;
}

interface FoundRow {
  readonly id: string;
  readonly model_id: string;
  readonly version_id: string;
}

/**
 * Looks up the predictions of a batch.
 * @param since correlation ids are looked for from here on, so that the database opens no older partition.
 */
export async function findTargets(
  manager: EntityManager,
  entries: readonly OutcomeEntry[],
  since: Date,
): Promise<Targets> {
  const byPredictionId = await findByPredictionId(manager, entries);
  const byCorrelationId = await findByCorrelationId(manager, entries, since);
  const targets = [...byPredictionId.values(), ...[...byCorrelationId.values()].flat()];
  const versions = await findVersions(manager, [...new Set(targets.map(({ versionId }) => versionId))]);
  return { byPredictionId, byCorrelationId, versions };
}

async function findByPredictionId(
  manager: EntityManager,
  entries: readonly OutcomeEntry[],
): Promise<Map<string, OutcomeTarget>> {
  const ids = entries.flatMap(({ predictionId }) => predictionId ?? []).sort();
  if (ids.length === 0) return new Map();
  // The bounds let the database leave out the partitions of other days.
  const rows = await manager.query<FoundRow[]>(
    'SELECT id, model_id, version_id FROM prediction WHERE id = ANY ($1) AND id BETWEEN $2 AND $3 AND shadow_of IS NULL',
    [ids, ids[0], ids.at(-1)],
  );
  return new Map(rows.map((row) => [row.id, targetOf(row)]));
}

async function findByCorrelationId(
  manager: EntityManager,
  entries: readonly OutcomeEntry[],
  since: Date,
): Promise<Map<string, OutcomeTarget[]>> {
  const ids = [...new Set(entries.flatMap(({ correlationId }) => correlationId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await manager.query<(FoundRow & { correlation_id: string })[]>(
    `SELECT found.* FROM unnest($1::text[]) AS wanted (correlation_id) CROSS JOIN LATERAL (
       SELECT id, model_id, version_id, correlation_id FROM prediction
       WHERE correlation_id = wanted.correlation_id AND shadow_of IS NULL AND id >= $2 ORDER BY id DESC LIMIT $3) AS found`,
    [ids, lowestPredictionId(since), MAX_TARGETS + 1],
  );
  const targets = new Map<string, OutcomeTarget[]>();
  for (const row of rows) {
    const known = targets.get(row.correlation_id);
    if (known) known.push(targetOf(row));
    else targets.set(row.correlation_id, [targetOf(row)]);
  }
  return targets;
}

async function findVersions(manager: EntityManager, ids: readonly string[]): Promise<Map<string, TargetVersion>> {
  const rows = await manager.query<{ id: string; model: string; task: Task; classes: string[] | null }[]>(
    `SELECT model_version.id, model.name AS model, model.task, model_version.signature -> 'classes' AS classes
     FROM model_version JOIN model ON model.id = model_version.model_id WHERE model_version.id = ANY ($1)`,
    [ids],
  );
  return new Map(rows.map(({ id, model, task, classes }) => [id, { model, task, ...(classes && { classes }) }]));
}

function targetOf({ id: predictionId, model_id: modelId, version_id: versionId }: FoundRow): OutcomeTarget {
  return { predictionId, modelId, versionId };
}

/** A target with what its version is. */
export type KnownTarget = OutcomeTarget & { readonly version: TargetVersion };

/** The predictions of one outcome, or why there are none that it could be for. */
export type Match =
  { readonly targets: readonly KnownTarget[] } | { readonly reason: 'UNKNOWN' | 'INVALID'; readonly message: string };

/**
 * Which predictions an outcome is for: by prediction id that one, by correlation id all of one model that share it.
 * @param mayUse whether the caller may speak of a model; others are as good as unknown.
 */
export function matchTargets(entry: OutcomeEntry, targets: Targets, mayUse: (model: string) => boolean): Match {
  const { predictionId, correlationId, model } = entry;
  const found =
    predictionId === null
      ? (targets.byCorrelationId.get(correlationId!) ?? [])
      : [targets.byPredictionId.get(predictionId)].filter((target) => target !== undefined);
  const known = found.flatMap((target) => {
    const version = targets.versions.get(target.versionId);
    const isMeant = version && mayUse(version.model) && (model === null || version.model === model);
    return isMeant ? [{ ...target, version }] : [];
  });
  const [first] = known;
  if (!first) return { reason: 'UNKNOWN', message: unknownMessage(entry) };
  if (known.some(({ modelId }) => modelId !== first.modelId)) {
    const message = `Predictions of several models have the correlationId ${shorten(correlationId!)}; name the model too`;
    return { reason: 'INVALID', message };
  }
  if (found.length > MAX_TARGETS) {
    const message = `More than ${MAX_TARGETS} predictions have the correlationId ${shorten(correlationId!)}; use predictionId`;
    return { reason: 'INVALID', message };
  }
  return { targets: known };
}

function unknownMessage({ predictionId, correlationId, model }: OutcomeEntry): string {
  const ofModel = model === null ? '' : ` of model ${shorten(model)}`;
  if (predictionId !== null) return `There is no prediction ${predictionId}${ofModel}; it may have been erased`;
  return `No recent prediction${ofModel} has the correlationId ${shorten(correlationId!)}; it may be too old, or erased`;
}
