/**
 * Fixed bins of a number, from training data: bin i holds (upper[i − 1], upper[i]], bin 0 [lower, upper[0]].
 * Counts have the layout [below lower, bin 0, …, bin k − 1, above the last upper edge, missing].
 */
export interface NumericBinning {
  readonly type: 'NUMERIC';
  readonly lower: number;
  readonly upper: readonly number[];
}

/** Counts have the layout [category 0, …, category k − 1, unseen, missing]. */
export interface CategoricalBinning {
  readonly type: 'CATEGORICAL';
  readonly categories: readonly string[];
}

/** Part of a model's manifest (JSON). Counts on the same binning add up, whatever rows and versions they come from. */
export type Binning = NumericBinning | CategoricalBinning;

/** Strings by dictionary code, −1 is missing. */
export interface CodedStrings {
  readonly codes: Int32Array;
  readonly dictionary: readonly string[];
}

/** Numbers with NaN for missing, strings with '' for missing, or coded strings. */
export type Values = Float64Array | Float32Array | readonly string[] | CodedStrings;

const QUANTILES = 64;

/**
 * 64 bins of about equally many training rows, fewer if values repeat; up to 64 distinct values get a bin each.
 * Edges are values that occur (the inverse of the empirical distribution function) and float32, as is all that a model
 * sees: values are rounded likewise before they are counted.
 *
 * @param values NaN is missing; infinite values count as missing, too.
 * @returns undefined if no value is known.
 */
export function numericBinning(values: Float64Array | Float32Array): NumericBinning | undefined {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return undefined;
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (distinct.length <= QUANTILES) return { type: 'NUMERIC', lower: distinct[0]!, upper: [...distinct] };
  const edges = Array.from({ length: QUANTILES }, (_, i) => {
    return sorted[Math.ceil(((i + 1) * sorted.length) / QUANTILES) - 1]!;
  });
  return { type: 'NUMERIC', lower: sorted[0]!, upper: [...new Set(edges)] };
}

/** One bin per category that training kept; '' isn't a category but missing. */
export function categoricalBinning(categories: readonly string[]): CategoricalBinning {
  return { type: 'CATEGORICAL', categories: categories.filter((category) => category !== '') };
}

/** Length of a binning's count vectors. */
export function countLength(binning: Binning): number {
  return binning.type === 'NUMERIC' ? binning.upper.length + 3 : binning.categories.length + 2;
}

/**
 * Counts rows by bin, in the layout of the binning's type.
 * @throws TypeError if numbers meet a categorical binning or strings a numeric one.
 */
export function count(binning: Binning, values: Values): Uint32Array {
  const counts = new Uint32Array(countLength(binning));
  if (binning.type === 'NUMERIC') {
    if (!ArrayBuffer.isView(values)) throw new TypeError('A numeric binning counts numbers, not strings');
    const binOf = numericBins(binning);
    for (const value of values) counts[binOf(value)]!++;
    return counts;
  }
  if (ArrayBuffer.isView(values)) throw new TypeError('A categorical binning counts strings, not numbers');
  const binOf = categoricalBins(binning);
  if (!('codes' in values)) {
    for (const value of values) counts[binOf(value)]!++;
    return counts;
  }
  const binOfCode = values.dictionary.map(binOf);
  const missing = binning.categories.length + 1;
  for (const code of values.codes) counts[code < 0 ? missing : binOfCode[code]!]!++;
  return counts;
}

/** Finds the position of a string in the counts; '' is missing. Made once for many strings. */
export function categoricalBins({ categories }: CategoricalBinning): (value: string) => number {
  const bins = new Map(categories.map((category, bin) => [category, bin]));
  const unseen = categories.length;
  return (value) => (value === '' ? unseen + 1 : (bins.get(value) ?? unseen));
}

/** Finds the position of a number in the counts; NaN is missing. Made once for many numbers. */
export function numericBins({ lower, upper }: NumericBinning): (value: number) => number {
  const edges = Float64Array.from(upper);
  return (value) => {
    const rounded = Math.fround(value);
    if (Number.isNaN(rounded)) return edges.length + 2;
    if (rounded < lower) return 0;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rounded <= edges[middle]!) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  };
}
