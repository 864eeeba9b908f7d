import type { Retraining } from './retraining.entity.js';
import type { RetrainingType } from './retraining.types.js';

export function toRetrainingType(retraining: Retraining): RetrainingType {
  const { id, modelId, decisionId, datasetVersionId, groupId, trigger, state, message, data } = retraining;
  const { algorithms, createdAt, finishedAt } = retraining;
  return {
    id,
    modelId,
    decisionId,
    datasetVersionId,
    groupId,
    trigger,
    state,
    message,
    data,
    algorithms,
    createdAt,
    finishedAt,
  };
}
