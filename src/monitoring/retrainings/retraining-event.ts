import type { Model } from '../../models/model.entity.js';
import type { Promotion } from '../../models/promotion.entity.js';
import type { EventRecord } from '../../platform/events/event-log.js';
import type { Retraining } from './retraining.entity.js';

/** What a retraining left behind. */
export interface RetrainingEnd {
  readonly retraining: Retraining;
  readonly model: Pick<Model, 'id' | 'name'>;
  readonly reportId: string | null;
  readonly runIds: readonly string[];
  readonly promotion: Promotion | null;
}

/** What the world is told when a retraining ends. */
export function endEvent({ retraining, model, reportId, runIds, promotion }: RetrainingEnd): EventRecord {
  const { id, decisionId, datasetVersionId, trigger, state, message } = retraining;
  return {
    kind: state === 'FAILED' ? 'RETRAINING_FAILED' : 'RETRAINING_FINISHED',
    modelId: model.id,
    modelName: model.name,
    subjectId: id,
    payload: {
      retrainingId: id,
      decisionId,
      reportId,
      datasetVersionId,
      runIds,
      promotionId: promotion?.id ?? null,
      version: promotion?.versionNumber ?? null,
      previousChampion: promotion?.previousNumber ?? null,
      gain: promotion && gainOf(promotion),
      trigger,
      state,
      message,
    },
  };
}

/** How much better the new version is than the champion on the same held-out rows; null if they were not compared. */
function gainOf({ evidence }: Promotion): object | null {
  if (!evidence?.comparison) return null;
  const { difference, low, high, rows } = evidence.comparison;
  return { metric: evidence.metric, difference, low, high, rows };
}
