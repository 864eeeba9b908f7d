import type { ReadyVersion } from '../datasets/dataset-version.entity.js';
import type { Model } from '../models/model.entity.js';
import type { TrainingSpec } from './container/order.js';

/** What is to be learned from what, as a process on the container layout gets it. */
export function specOf({ task, target, features, split }: Model, { id, contentHash }: ReadyVersion): TrainingSpec {
  return { task, target, features, split, dataset: { versionId: id, contentHash } };
}
