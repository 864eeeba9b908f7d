import type { JobRow } from './job-row.js';

/** What the API tells of a run and of an experiment alike. */
export function jobFieldsOf({ id, modelId, datasetVersionId, seed, weights, folds, ...row }: JobRow) {
  const { backend, maximumCost, billedSeconds, cost, progress, message, failure, requestedBy } = row;
  const { createdAt, startedAt, finishedAt } = row;
  return {
    ...{ id, modelId, datasetVersionId, seed, folds },
    weightColumn: weights?.column ?? null,
    classWeights: weights?.classes ?? null,
    ...{ backend, maximumCost, billedSeconds, cost, progress, message, failure, requestedBy },
    ...{ createdAt, startedAt, finishedAt },
  };
}
