import { Random } from '../../statistics/random.js';
import { orderedBits, sortFloats } from './ordered-bits.js';

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
export function binColumn(
  values: Float32Array,
  codes = new Uint8Array(new SharedArrayBuffer(values.length)),
): BinnedColumn {
  const thresholds = thresholdsOf(sortedSample(values));
  const table = firstBins(thresholds);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) {
      codes[row] = MISSING;
      continue;
    }
    const key = keyOf(bits[row]!);
    let low = table[key]!;
    let high = table[key + 1]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= thresholds[middle]!) high = middle;
      else low = middle + 1;
    }
    codes[row] = low;
  }
  return { codes, thresholds };
}

/** Bits of a float32 that choose a cell of the table: sign, exponent and the upper part of the mantissa. */
const KEY_BITS = 16;

/** The cell of a float32: larger numbers never have a smaller one. */
function keyOf(bits: number): number {
  return orderedBits(bits) >>> (32 - KEY_BITS);
}

/**
 * Where the search for a bin begins: numbers of cell k lie in the bins from table[k] to table[k + 1]. Most cells hold
 * one or two bins, so a lookup takes the place of a search.
 */
function firstBins(thresholds: Float32Array): Uint8Array {
  const table = new Uint8Array(2 ** KEY_BITS + 1).fill(thresholds.length);
  const bits = new Uint32Array(thresholds.buffer, thresholds.byteOffset, thresholds.length);
  let cell = 0;
  bits.forEach((threshold, bin) => {
    const last = keyOf(threshold);
    if (last < cell) return;
    table.fill(bin, cell, last + 1);
    cell = last + 1;
  });
  return table;
}

function sortedSample(values: Float32Array): Float32Array {
  const known = new Float32Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    known[count] = value;
    if (!Number.isNaN(value)) count++;
  }
  if (count <= SAMPLE_ROWS) return sortFloats(known.subarray(0, count));
  const random = new Random(count);
  const sample = new Float32Array(SAMPLE_ROWS);
  for (let i = 0; i < SAMPLE_ROWS; i++) sample[i] = known[random.below(count)]!;
  return sortFloats(sample);
}

function thresholdsOf(sorted: Float32Array): Float32Array {
  const distinct = distinctValues(sorted);
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

/** The values that occur, or MAX_BINS + 1 of them if there are more. */
function distinctValues(sorted: Float32Array): Float32Array {
  const distinct = new Float32Array(MAX_BINS + 1);
  let count = 0;
  for (let i = 0; i < sorted.length && count < distinct.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) distinct[count++] = sorted[i]!;
  }
  return distinct.slice(0, count);
}

/** A float32 t with low ≤ t < high. */
function halfway(low: number, high: number): number {
  // + 0 makes 0 of −0: what equals a threshold must have the same bits.
  const middle = Math.fround(low / 2 + high / 2) + 0;
  return middle < high ? middle : low;
}
