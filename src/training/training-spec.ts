import type { ReadyVersion } from '../datasets/dataset-version.entity.js';
import type { Model } from '../models/model.entity.js';
import type { TrainingSpec } from './container/order.js';
import type { TrainingRun } from './training-run.entity.js';

/**
 * What is to be learned from what, as a process on the container layout gets it.
 * @param choice of the run or experiment it is for.
 */
export function specOf(
  { task, target, features, split }: Model,
  { id, contentHash }: ReadyVersion,
  { weights, folds }: Pick<TrainingRun, 'weights' | 'folds'>,
): TrainingSpec {
  const dataset = { versionId: id, contentHash };
  return { task, target, features, split, dataset, weights: weights ?? undefined, folds: folds ?? undefined };
}
