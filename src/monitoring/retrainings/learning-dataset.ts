import type { Model } from '../../models/model.entity.js';
import type { RetrainingData } from '../policies/policy-settings.js';

/** Names of datasets are that long at most. */
const LONGEST = 63;

/** Name of the dataset that the system keeps for what a model learns from besides its source. */
export function learningDataset({ id, name }: Pick<Model, 'id' | 'name'>, data: RetrainingData): string {
  const suffix = data === 'BOTH' ? '-retraining' : '-labelled';
  if (name.length + suffix.length <= LONGEST) return name + suffix;
  // Long names may differ in their ends only.
  const unique = `-${id.slice(-12)}${suffix}`;
  return name.slice(0, LONGEST - unique.length) + unique;
}
