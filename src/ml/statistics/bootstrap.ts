import { nextTurn } from './next-turn.js';
import { Random } from './random.js';

export interface BootstrapOptions {
  readonly seed: number;
  /** MEAN of the losses, or their ROOT_MEAN (RMSE, from squared errors). */
  readonly statistic: 'MEAN' | 'ROOT_MEAN';
  /** Default 2000, fewer (down to 200) above 20,000 rows, to bound the work at 40 million draws or 200 resamples. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly confidence?: number;
}

/** A difference of two models' losses (first − second: positive if the second is better) and its interval. */
export interface DifferenceInterval {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Draws between two returns to the event loop: a few milliseconds. */
const BLOCK = 200_000;

/**
 * Percentile bootstrap of the difference of two models' losses on the same rows (Efron and Tibshirani 1993, ch. 13).
 * It is paired: a resample draws rows and takes both models' losses of each, which removes the rows' own difficulty.
 * Quantiles interpolate linearly. Yields to the event loop; the same seed gives the same interval.
 *
 * @param first losses per row of one model. @param second of the other, same rows, same order.
 * @throws RangeError if the lengths differ or there are no rows.
 */
export async function pairedBootstrap(
  first: Float64Array,
  second: Float64Array,
  { seed, statistic, resamples = defaultResamples(first.length), confidence = 0.95 }: BootstrapOptions,
): Promise<DifferenceInterval> {
  const rows = first.length;
  if (rows !== second.length) throw new RangeError(`${rows} losses of one model but ${second.length} of the other`);
  if (rows === 0) throw new RangeError('A bootstrap needs at least one row');
  const differ = (a: number, b: number): number =>
    statistic === 'MEAN' ? (a - b) / rows : Math.sqrt(a / rows) - Math.sqrt(b / rows);
  const random = new Random(seed);
  const differences = new Float64Array(resamples);
  for (let resampled = 0, drawn = 0; resampled < resamples; resampled++) {
    const [a, b] = resample(first, second, random);
    differences[resampled] = differ(a, b);
    drawn += rows;
    if (drawn < BLOCK) continue;
    drawn = 0;
    await nextTurn();
  }
  differences.sort();
  const tail = (1 - confidence) / 2;
  return {
    difference: differ(sum(first), sum(second)),
    low: quantile(differences, tail),
    high: quantile(differences, 1 - tail),
  };
}

function defaultResamples(rows: number): number {
  return Math.max(200, Math.min(2000, Math.floor(40_000_000 / rows)));
}

/** Sums of both models' losses over as many rows drawn with replacement as there are. */
function resample(first: Float64Array, second: Float64Array, random: Random): [number, number] {
  let a = 0;
  let b = 0;
  for (let i = 0; i < first.length; i++) {
    const row = random.below(first.length);
    a += first[row]!;
    b += second[row]!;
  }
  return [a, b];
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Interpolates linearly. */
export function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}
