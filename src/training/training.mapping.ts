import { jobFieldsOf } from './job-fields.js';
import type { TrainingRunType } from './training.types.js';
import type { TrainingRun } from './training-run.entity.js';

export function toRunType(run: TrainingRun): TrainingRunType {
  const { groupId, versionId, trigger, algorithm, image, hyperparameters, state } = run;
  return { ...jobFieldsOf(run), groupId, versionId, trigger, algorithm, image, hyperparameters, state };
}
