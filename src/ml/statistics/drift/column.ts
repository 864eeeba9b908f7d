import type { FeatureType } from '../../schema/signature.js';
import type { Binning } from '../binning.js';
import { type Check, checkProblem } from './checks.js';
import { groupBins, type Grouping, missingGrouping, regroup, unseenGrouping, withExpectedUnseen } from './groups.js';
import { type Comparison, type CountMethod, DRIFT_METHODS, type SampleMethod } from './methods.js';
import { finiteValues, type Sample } from './samples.js';
import { type Counts, totalOf } from './shares.js';

/** What is known of one column, a feature or the output, in the reference and in the current window. */
export interface DriftColumn {
  readonly name: string;
  readonly type: FeatureType;
  /** Both on the binning, in its layout. */
  readonly counts?: { readonly binning: Binning; readonly reference: Counts; readonly current: Counts };
  /** For methods that need raw values; missing and infinite ones are left out. */
  readonly sample?: { readonly reference: Sample; readonly current: Sample };
}

export interface Grain {
  /** Groups that counts are merged to, at most. */
  readonly groups: number;
  /** Rows that either side needs for each group. */
  readonly rowsPerGroup: number;
}

/** One method on one column, before any verdict. */
export interface ColumnComparison {
  /** Null if either side has fewer rows than needed. */
  readonly comparison: Comparison | null;
  readonly referenceRows: number;
  readonly currentRows: number;
  readonly minimumRows: number;
}

/**
 * Compares a column by the check's method. A reference too small for all groups gets fewer of them, at least two; what
 * is then left of them determines how many rows the window needs. Samples need as many rows as all groups would.
 *
 * @throws RangeError if the check doesn't apply to the column, or what its method needs is not given.
 */
export function compareColumn(column: DriftColumn, check: Check, grain: Grain): ColumnComparison {
  const problem = checkProblem(check, column.type);
  if (problem !== undefined) throw new RangeError(`Column ${column.name}: ${problem}`);
  const method = DRIFT_METHODS[check.method];
  if (method.needs === 'SAMPLE') {
    if (column.sample) return compareSamples(method, column.sample, grain);
    throw new RangeError(`Column ${column.name}: ${check.method} compares raw values, so give it a sample of them`);
  }
  if (column.counts) return compareCounts(method, column.counts, grain);
  throw new RangeError(`Column ${column.name}: ${check.method} compares counts on a binning, so give it both`);
}

function compareSamples(method: SampleMethod, sample: NonNullable<DriftColumn['sample']>, grain: Grain) {
  const reference = finiteValues(sample.reference);
  const current = finiteValues(sample.current);
  const rows = { referenceRows: reference.length, currentRows: current.length };
  const minimumRows = grain.rowsPerGroup * groupsFor(reference.length, grain);
  return compareIfEnough({ ...rows, minimumRows }, () => method.compare(reference, current));
}

function compareCounts(method: CountMethod, counts: NonNullable<DriftColumn['counts']>, grain: Grain) {
  const grouping = groupingOf(method, counts, grain);
  const expected =
    method.groups === 'MISSING' ? counts.reference : withExpectedUnseen(counts.binning, counts.reference);
  const reference = regroup(grouping, expected);
  const current = regroup(grouping, counts.current);
  const occupied = reference.filter((rows) => rows > 0).length;
  const rows = { referenceRows: totalOf(reference), currentRows: totalOf(current) };
  const minimumRows = grain.rowsPerGroup * Math.max(2, occupied);
  return compareIfEnough({ ...rows, minimumRows }, () => method.compare(reference, current));
}

function groupingOf(
  { groups }: CountMethod,
  { binning, reference }: NonNullable<DriftColumn['counts']>,
  grain: Grain,
): Grouping {
  if (groups === 'MISSING') return missingGrouping(binning);
  if (groups === 'UNSEEN') return unseenGrouping(binning);
  const known = totalOf(reference) - reference[reference.length - 1]!;
  return groupBins(binning, reference, groupsFor(known, grain));
}

function groupsFor(referenceRows: number, { groups, rowsPerGroup }: Grain): number {
  return Math.max(2, Math.min(groups, Math.floor(referenceRows / rowsPerGroup)));
}

function compareIfEnough(rows: Omit<ColumnComparison, 'comparison'>, compare: () => Comparison): ColumnComparison {
  const enough = Math.min(rows.referenceRows, rows.currentRows) >= rows.minimumRows;
  return { ...rows, comparison: enough ? compare() : null };
}
