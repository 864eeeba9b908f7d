/** Values of one column in any order; NaN is missing. */
export type Sample = Float64Array | Float32Array;

/** The known values: neither missing nor infinite, which counts treat as missing, too. */
export function finiteValues(sample: Sample): Float64Array {
  return Float64Array.from(sample).filter(Number.isFinite);
}

/** @throws RangeError if the sample is empty or holds values that are not finite. */
export function ascending(sample: Float64Array): Float64Array {
  const sorted = sample.toSorted();
  if (sorted.length === 0) throw new RangeError('Samples to compare need at least one value each');
  // NaN is sorted to the end, like Infinity.
  if (!Number.isFinite(sorted[0]!) || !Number.isFinite(sorted.at(-1)!)) {
    throw new RangeError('Samples to compare hold finite values only: drop the missing and infinite ones first');
  }
  return sorted;
}
