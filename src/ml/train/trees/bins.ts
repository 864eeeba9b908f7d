import { Random } from '../../statistics/random.js';

/** Most distinct values of a column; the last code of a byte marks missing ones. */
export const MAX_BINS = 255;
export const MISSING = 255;
/** Rows that quantiles are taken from. */
const SAMPLE_ROWS = 200_000;

/** A column as bytes: row r lies in bin codes[r], or is MISSING. */
export interface BinnedColumn {
  /** On a SharedArrayBuffer, read by all worker threads. */
  readonly codes: Uint8Array;
  /** thresholds[b] separates bin b (x ≤ threshold) from bin b + 1; one fewer than bins. float32, ascending. */
  readonly thresholds: Float32Array;
}

/**
 * Sorts a column's values into at most MAX_BINS bins: one for every distinct value if they are few, of about equally
 * many rows otherwise. Thresholds lie halfway between neighbouring values.
 *
 * @param values float32 as the graph computes them, NaN is missing.
 */
export function binColumn(values: Float32Array): BinnedColumn {
  const thresholds = thresholdsOf(sortedSample(values));
  const codes = new Uint8Array(new SharedArrayBuffer(values.length));
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    codes[row] = Number.isNaN(value) ? MISSING : binOf(value, thresholds);
  }
  return { codes, thresholds };
}

function binOf(value: number, thresholds: Float32Array): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= thresholds[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

function sortedSample(values: Float32Array): Float32Array {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length <= SAMPLE_ROWS) return known.sort();
  const random = new Random(known.length);
  return Float32Array.from({ length: SAMPLE_ROWS }, () => known[random.below(known.length)]!).sort();
}

function thresholdsOf(sorted: Float32Array): Float32Array {
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (distinct.length <= MAX_BINS) return distinct.slice(1).map((value, i) => halfway(distinct[i]!, value));
  const thresholds: number[] = [];
  let previous = NaN;
  for (let bin = 1; bin < MAX_BINS; bin++) {
    let next = Math.floor((bin * sorted.length) / MAX_BINS);
    const last = sorted[next - 1]!;
    // A value that fills several bins gives one threshold only.
    if (last === previous) continue;
    previous = last;
    while (sorted[next] === last) next++;
    if (next < sorted.length) thresholds.push(halfway(last, sorted[next]!));
  }
  return Float32Array.from(thresholds);
}

/** A float32 t with low ≤ t < high. */
function halfway(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle < high ? middle : low;
}
