import { type BinnedColumn, MISSING } from '../trees/bins.js';

/** Sums of gradient, hessian and rows by bin: see {@link BinnedTable.offsets}. */
export type Histogram = Float64Array;

/** Numbers a bin. */
export const ENTRY = 3;

/** What trees are grown on. */
export interface BinnedTable {
  /** One byte a row: its bin, or the number of bins if it is missing. On SharedArrayBuffers. */
  readonly columns: readonly Uint8Array[];
  /** Bins of each column without the one for missing values. */
  readonly bins: readonly number[];
  /** Where each column begins in a histogram; last, the length of a histogram. */
  readonly offsets: readonly number[];
}

/** The rows of a tree in the order of its nodes, each with its derivatives beside it. On SharedArrayBuffers. */
export interface OrderedRows {
  readonly rows: Uint32Array;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Takes the columns over: their codes change, so that histograms have no gap between the last bin and the missing one. */
export function binnedTable(columns: readonly BinnedColumn[]): BinnedTable {
  const bins = columns.map(({ thresholds }) => thresholds.length + 1);
  const offsets = [0];
  bins.forEach((count, column) => offsets.push(offsets[column]! + (count + 1) * ENTRY));
  columns.forEach(({ codes }, column) => {
    for (let row = 0; row < codes.length; row++) if (codes[row] === MISSING) codes[row] = bins[column]!;
  });
  return { columns: columns.map(({ codes }) => codes), bins, offsets };
}

/** Sums up the rows at positions [start, end) in one column of a histogram. */
export function fillColumn(
  histogram: Histogram,
  column: number,
  { columns, offsets }: BinnedTable,
  { rows, gradient, hessian }: OrderedRows,
  start: number,
  end: number,
): void {
  const codes = columns[column]!;
  const offset = offsets[column]!;
  histogram.fill(0, offset, offsets[column + 1]);
  for (let i = start; i < end; i++) {
    const at = offset + codes[rows[i]!]! * ENTRY;
    histogram[at]! += gradient[i]!;
    histogram[at + 1]! += hessian[i]!;
    histogram[at + 2]!++;
  }
}

/** Turns the histogram of a parent into that of the child that `sibling` is not: half of all rows need no visit. */
export function subtract(parent: Histogram, sibling: Histogram): void {
  for (let i = 0; i < parent.length; i++) parent[i]! -= sibling[i]!;
}
