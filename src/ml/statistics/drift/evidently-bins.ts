import { type Counts, type Shares, sharesOf } from './shares.js';

export type Value = number | string;

/** Known values of one column. */
export interface KnownValues {
  readonly kind: 'NUMERICAL' | 'CATEGORICAL';
  readonly reference: readonly Value[];
  readonly current: readonly Value[];
}

/** Up to as many distinct reference numbers are counted one by one, not binned. */
const MOST_DISTINCT_COUNTED = 20;

/** Shares of both sides over Sturges' bins, or over the distinct values of categories and of few distinct numbers. */
export function binnedShares({ kind, reference, current }: KnownValues): [Shares, Shares] {
  const binned = kind === 'NUMERICAL' && new Set(reference).size > MOST_DISTINCT_COUNTED;
  const counts = binned ? sturgesCounts(numbers(reference), numbers(current)) : valueCounts(reference, current);
  return [sharesOf(counts[0]), sharesOf(counts[1])];
}

/** A zero share becomes 0.0001, or a millionth of the smallest other one if that is not above 0.0001 itself. */
export function withoutZeros(shares: Shares): Shares {
  const smallest = shares.reduce((least, share) => (share > 0 ? Math.min(least, share) : least), Infinity);
  const filling = smallest <= 0.0001 ? smallest / 1e6 : 0.0001;
  return shares.map((share) => (share === 0 ? filling : share));
}

/** Counts of both sides by distinct value. */
export function valueCounts(reference: readonly Value[], current: readonly Value[]): [Counts, Counts] {
  const groups = new Map<Value, number>();
  const groupOf = (value: Value): number => {
    const group = groups.get(value) ?? groups.size;
    groups.set(value, group);
    return group;
  };
  const sides = [reference, current].map((values) => values.map(groupOf));
  const [first, second] = sides.map((codes) => {
    const counts = new Float64Array(groups.size);
    for (const code of codes) counts[code]!++;
    return counts;
  });
  return [first!, second!];
}

/** @throws RangeError if there are strings among them. */
export function numbers(values: readonly Value[]): Float64Array {
  return Float64Array.from(values, (value) => {
    if (typeof value === 'number') return value;
    throw new RangeError(`${JSON.stringify(value)} is no number: compare this column as a categorical one`);
  });
}

/** Counts of both sides in ⌈log₂ n + 1⌉ bins of equal width over all n values (Sturges 1926), with numpy's roundings. */
function sturgesCounts(reference: Float64Array, current: Float64Array): [Counts, Counts] {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const value of [...reference, ...current]) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const range = highest - lowest;
  const bins = Math.ceil(range / (range / (Math.log2(reference.length + current.length) + 1)));
  const edges = Float64Array.from({ length: bins }, (_, i) => lowest + (i * range) / bins);
  return [histogram(reference, edges), histogram(current, edges)];
}

/** @param edges lower ends of the bins, ascending; the last bin has no upper end. */
function histogram(values: Float64Array, edges: Float64Array): Counts {
  const counts = new Float64Array(edges.length);
  const width = edges[1]! - edges[0]!;
  for (const value of values) {
    // The quotient may round to a neighbour of the bin that the edges say.
    let bin = Math.min(edges.length - 1, Math.max(0, Math.floor((value - edges[0]!) / width)));
    while (bin > 0 && value < edges[bin]!) bin--;
    while (bin < edges.length - 1 && value >= edges[bin + 1]!) bin++;
    counts[bin]!++;
  }
  return counts;
}
