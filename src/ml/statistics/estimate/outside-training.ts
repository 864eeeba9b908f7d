import type { Binning } from '../binning.js';

/** A feature's counts in training and in a window, in the layout of its binning. */
export interface ComparedFeature {
  readonly name: string;
  readonly binning: Binning;
  readonly reference: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

export interface OutsideShare {
  readonly name: string;
  readonly share: number;
}

/**
 * By how much more of a window than of the training lies where the model has seen nothing: below the smallest and above
 * the largest value, unseen categories, missing values. 0 if not more.
 * @returns the feature with the largest such share; undefined without features or rows.
 */
export function mostOutside(features: readonly ComparedFeature[]): OutsideShare | undefined {
  const shares = features.flatMap(({ name, binning, reference, counts }) => {
    const bins = outsideBins(binning);
    const share = shareOf(counts, bins) - shareOf(reference, bins);
    return Number.isNaN(share) ? [] : [{ name, share: Math.max(share, 0) }];
  });
  return shares.sort((a, b) => b.share - a.share)[0];
}

function outsideBins(binning: Binning): number[] {
  if (binning.type === 'CATEGORICAL') return [binning.categories.length, binning.categories.length + 1];
  return [0, binning.upper.length + 1, binning.upper.length + 2];
}

function shareOf(counts: ArrayLike<number>, bins: readonly number[]): number {
  let total = 0;
  for (let bin = 0; bin < counts.length; bin++) total += counts[bin]!;
  return bins.reduce((sum, bin) => sum + counts[bin]!, 0) / total;
}
