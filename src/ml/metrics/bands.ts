import { quantile } from '../statistics/bootstrap.js';
import { nextTurn } from '../statistics/next-turn.js';
import { Random } from '../statistics/random.js';
import type { MetricName, Truth } from './evaluate.js';
import type { Numbers } from './regression.js';
import { weightedMetrics } from './weighted-scores.js';

/** A metric and the bounds of its confidence band; all null where it is undefined on these rows. */
export interface MetricBand {
  readonly value: number | null;
  /** Null also where there are too many classes to resample their rankings. */
  readonly low: number | null;
  readonly high: number | null;
}

export type MetricBands = Readonly<Partial<Record<MetricName, MetricBand>>>;

export interface BandOptions {
  readonly seed: number;
  /** Default 500. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly confidence?: number;
  readonly signal?: AbortSignal;
}

/** Steps between two returns to the event loop: some milliseconds. */
const BLOCK = 100_000;

/** Metrics whose resamples stand systematically above their value, see {@link bandOf}. */
const BIASED: ReadonlySet<MetricName> = new Set<MetricName>(['ece']);

/**
 * All metrics of a task with percentile bootstrap bands (Efron and Tibshirani 1993, ch. 13): a resample draws as many
 * rows as there are, with replacement. Values equal those of `evaluateMetrics`. The same seed gives the same bands.
 * Yields to the event loop.
 *
 * @param scores predictions, length n, or probabilities, row-major [n, classes] in the order of the truth's classes.
 * @throws RangeError if the lengths don't fit or there are no rows, the signal's reason once it is aborted.
 */
export async function metricBands(
  truth: Truth,
  scores: Numbers,
  { seed, resamples = 500, confidence = 0.95, signal }: BandOptions,
): Promise<MetricBands> {
  const metrics = await weightedMetrics(truth, scores);
  await nextTurn();
  const rows = truth.task === 'REGRESSION' ? truth.values.length : truth.codes.length;
  const weights = new Uint32Array(rows).fill(1);
  const values = metrics.measure(weights);
  await nextTurn();
  const resampled = metrics.names.map(() => new Float64Array(resamples));
  const random = new Random(seed);
  for (let resample = 0, steps = 0; resample < resamples; resample++) {
    draw(weights, random);
    metrics.measure(weights).forEach((value, metric) => (resampled[metric]![resample] = value));
    steps += rows + metrics.cost;
    if (steps < BLOCK) continue;
    steps = 0;
    await nextTurn();
    signal?.throwIfAborted();
  }
  const bands = metrics.names.map((name, metric) => {
    return [name, bandOf(values[metric]!, resampled[metric]!, confidence, BIASED.has(name))] as const;
  });
  return Object.fromEntries(bands);
}

function draw(weights: Uint32Array, random: Random): void {
  weights.fill(0);
  for (let i = 0; i < weights.length; i++) weights[random.below(weights.length)]!++;
}

/**
 * Quantiles of the resamples in which the metric is defined. A calibration error is a sum of absolute deviations, to
 * which drawing again adds noise of its own; its resamples are moved back by what they lie above the value on average.
 */
function bandOf(value: number, resampled: Float64Array, confidence: number, isBiased: boolean): MetricBand {
  const sorted = resampled.filter((other) => !Number.isNaN(other)).sort();
  if (Number.isNaN(value)) return { value: null, low: null, high: null };
  if (sorted.length === 0) return { value, low: null, high: null };
  const bias = isBiased ? sorted.reduce((sum, other) => sum + other - value, 0) / sorted.length : 0;
  const tail = (1 - confidence) / 2;
  const [low, high] = [tail, 1 - tail].map((share) => quantile(sorted, share) - bias) as [number, number];
  return { value, low: isBiased ? Math.max(low, 0) : low, high };
}
