import type { TrainingRunType } from './training.types.js';
import type { TrainingRun } from './training-run.entity.js';

export function toRunType(run: TrainingRun): TrainingRunType {
  const { id, groupId, modelId, versionId, datasetVersionId, trigger, algorithm, hyperparameters, seed } = run;
  const {
    image,
    weights,
    folds,
    backend,
    maximumCost,
    billedSeconds,
    cost,
    state,
    progress,
    message,
    failure,
    requestedBy,
    createdAt,
    startedAt,
    finishedAt,
  } = run;
  return {
    id,
    groupId,
    modelId,
    versionId,
    datasetVersionId,
    trigger,
    algorithm,
    image,
    hyperparameters,
    seed,
    weightColumn: weights?.column ?? null,
    classWeights: weights?.classes ?? null,
    folds,
    backend,
    maximumCost,
    billedSeconds,
    cost,
    state,
    progress,
    message,
    failure,
    requestedBy,
    createdAt,
    startedAt,
    finishedAt,
  };
}
