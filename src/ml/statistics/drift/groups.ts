import { type Binning, countLength } from '../binning.js';
import { type Counts, totalOf } from './shares.js';

/**
 * How the bins of a binning are merged for comparison: 64 are too many for windows of a few hundred rows, where chance
 * alone moves a PSI over them past 0.1.
 */
export interface Grouping {
  /** Group of each position in the binning's counts, −1 for missing rows: they are a signal of their own. */
  readonly groupOf: Int32Array;
  readonly groups: number;
}

/** Default number of groups; ten deciles are also what PSI's conventional thresholds were made for. */
export const DEFAULT_GROUPS = 10;

/**
 * Groups of about equally many reference rows (numbers), or of the most frequent categories and a rest. Values outside
 * the training range join the groups at the ends, unless each bin is a group of its own: then below and above are
 * groups, too, so that a constant that becomes another one is seen. Unseen categories always are a group.
 *
 * @param reference counts of the training rows in the binning's layout. @param groups at most, not counting those for
 *   values outside; at least 2.
 * @throws RangeError if the counts don't have the binning's length, or fewer than 2 groups are asked for.
 */
export function groupBins(binning: Binning, reference: Counts, groups = DEFAULT_GROUPS): Grouping {
  if (reference.length !== countLength(binning)) {
    throw new RangeError(`The binning has ${countLength(binning)} counts, not ${reference.length}`);
  }
  if (!(groups >= 2)) throw new RangeError(`A comparison needs at least 2 groups, not ${groups}`);
  return binning.type === 'NUMERIC'
    ? numericGroups(reference, binning.upper.length, groups)
    : categoricalGroups(reference, binning.categories.length, groups);
}

/** Sums counts by group; the counts may be of any rows on the grouping's binning. @throws RangeError on other lengths. */
export function regroup({ groupOf, groups }: Grouping, counts: Counts): Float64Array {
  if (counts.length !== groupOf.length)
    throw new RangeError(`${counts.length} counts do not fit ${groupOf.length} bins`);
  const merged = new Float64Array(groups);
  for (let i = 0; i < groupOf.length; i++) if (groupOf[i]! >= 0) merged[groupOf[i]!]! += counts[i]!;
  return merged;
}

/** Two groups: known and missing rows. */
export function missingGrouping(binning: Binning): Grouping {
  const groupOf = new Int32Array(countLength(binning));
  groupOf[groupOf.length - 1] = 1;
  return { groupOf, groups: 2 };
}

/** Two groups of the known rows: categories that training kept, and others. @throws RangeError on numbers. */
export function unseenGrouping(binning: Binning): Grouping {
  if (binning.type === 'NUMERIC')
    throw new RangeError('Numbers have no unseen categories: check categorical columns only');
  const groupOf = new Int32Array(countLength(binning));
  groupOf.set([1, -1], binning.categories.length);
  return { groupOf, groups: 2 };
}

/**
 * The reference with the unseen rows that it lets expect. Categories are those that occurred in it, so its own count of
 * unseen rows is 0 wherever none was cut off, while in any window of a column with many rare values some are new. By
 * Good and Turing's estimate (Good 1953, Biometrika 40) new values have the share that values seen once had.
 */
export function withExpectedUnseen(binning: Binning, reference: Counts): Counts {
  if (binning.type === 'NUMERIC') return reference;
  const expected = Float64Array.from(reference);
  for (let i = 0; i < binning.categories.length; i++) if (reference[i] === 1) expected[binning.categories.length]!++;
  return expected;
}

/** Layout [below, bins…, above, missing]. */
function numericGroups(reference: Counts, bins: number, groups: number): Grouping {
  const groupOf = new Int32Array(bins + 3).fill(-1);
  if (bins <= groups) {
    for (let i = 0; i < bins + 2; i++) groupOf[i] = i;
    return { groupOf, groups: bins + 2 };
  }
  let remaining = totalOf(reference) - reference[bins + 2]!;
  let group = 0;
  let rows = 0;
  for (let i = 0; i < bins + 2; i++) {
    groupOf[i] = group;
    rows += reference[i]!;
    // A heavy bin fills its group at once; the rows behind it are shared out anew over the groups that are left.
    if (rows === 0 || rows < remaining / (groups - group) || rows === remaining) continue;
    remaining -= rows;
    rows = 0;
    group++;
  }
  return { groupOf, groups: group + 1 };
}

/** Layout [categories…, unseen, missing]. */
function categoricalGroups(reference: Counts, categories: number, groups: number): Grouping {
  const groupOf = new Int32Array(categories + 2).fill(-1);
  const byFrequency = Array.from({ length: categories }, (_, i) => i).sort((a, b) => reference[b]! - reference[a]!);
  const used = Math.min(categories, groups);
  byFrequency.forEach((category, rank) => (groupOf[category] = Math.min(rank, used - 1)));
  groupOf[categories] = used;
  return { groupOf, groups: used + 1 };
}
