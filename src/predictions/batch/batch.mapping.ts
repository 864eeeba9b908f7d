import type { BatchPrediction } from './batch-prediction.entity.js';
import type { BatchPredictionType } from './batch.types.js';

export function toBatchType(batch: BatchPrediction): BatchPredictionType {
  const { id, versionId, datasetVersionId, state, progress, message, failure } = batch;
  const { rows, unscored, bytes, requestedBy, createdAt, startedAt, finishedAt } = batch;
  return {
    id,
    versionId,
    datasetVersionId,
    state,
    progress,
    message,
    failure,
    rows,
    unscored,
    bytes,
    downloadPath: bytes === null ? null : `/v1/batch-predictions/${id}/download`,
    requestedBy,
    createdAt,
    startedAt,
    finishedAt,
  };
}
