import type { Numbers } from '../../metrics/regression.js';
import { countLength, numericBins, type NumericBinning } from '../binning.js';

/** Errors of a regression on rows held out, by the bin of its prediction: in the layout of the binning's counts. */
export interface ErrorsByBin {
  readonly rows: readonly number[];
  /** Sums of absolute errors. */
  readonly absolute: readonly number[];
  /** Sums of squared errors. */
  readonly squared: readonly number[];
}

export interface ExpectedErrors {
  readonly rmse: number;
  readonly mae: number;
}

/** Rows that tell the size of errors in a group of bins: their standard error is then about an eighth of it. */
const GROUP_ROWS = 30;

/** @param truth length n. @param predicted length n. */
export function errorsByBin(binning: NumericBinning, truth: Numbers, predicted: Numbers): ErrorsByBin {
  const binOf = numericBins(binning);
  const [rows, absolute, squared] = [0, 0, 0].map(() => new Array<number>(countLength(binning)).fill(0));
  predicted.forEach((value, row) => {
    const bin = binOf(value);
    const error = Math.abs(truth[row]! - value);
    rows![bin]!++;
    absolute![bin]! += error;
    squared![bin]! += error * error;
  });
  return { rows: rows!, absolute: absolute!, squared: squared! };
}

/**
 * Expected errors of other predictions, if errors depend on nothing but the prediction: means of the rows held out over
 * groups of neighbouring bins, weighted by the predictions in each group (post-stratification; Holt and Smith 1979,
 * J. R. Stat. Soc. A 142). On the distribution of the rows held out, they are the errors of these rows.
 *
 * @param counts of predictions, in the layout of the binning.
 * @returns undefined without predictions, or where fewer than 30 rows were held out.
 */
export function expectedErrors(errors: ErrorsByBin, counts: ArrayLike<number>): ExpectedErrors | undefined {
  let [predictions, absolute, squared] = [0, 0, 0];
  for (const [start, end] of groupsOf(errors.rows)) {
    const inGroup = sumOf(counts, start, end);
    const rows = sumOf(errors.rows, start, end);
    predictions += inGroup;
    absolute += (inGroup * sumOf(errors.absolute, start, end)) / rows;
    squared += (inGroup * sumOf(errors.squared, start, end)) / rows;
  }
  if (predictions === 0) return undefined;
  return { rmse: Math.sqrt(squared / predictions), mae: absolute / predictions };
}

/** Bounds [start, end) of groups with rows enough each; what is left at the end joins the last. */
function groupsOf(rows: readonly number[]): [number, number][] {
  const groups: [number, number][] = [];
  let [start, held] = [0, 0];
  rows.forEach((inBin, bin) => {
    held += inBin;
    if (held < GROUP_ROWS) return;
    groups.push([start, bin + 1]);
    [start, held] = [bin + 1, 0];
  });
  const last = groups.at(-1);
  if (last) last[1] = rows.length;
  return groups;
}

function sumOf(values: ArrayLike<number>, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += values[i]!;
  return sum;
}
