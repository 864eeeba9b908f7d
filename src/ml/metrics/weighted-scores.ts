import type { MetricName, Truth } from './evaluate.js';
import type { Numbers } from './regression.js';
import { WeightedClassification } from './weighted-classification.js';
import type { WeightedMetrics } from './weighted-metrics.js';
import { WeightedRegression } from './weighted-regression.js';

/** @throws RangeError if the lengths don't fit or there are no rows. */
export function weightedMetrics(truth: Truth, scores: Numbers): Promise<WeightedMetrics> | WeightedMetrics {
  return truth.task === 'REGRESSION'
    ? new WeightedRegression(truth.values, scores)
    : WeightedClassification.of(truth.codes, scores, truth.classes.length);
}

/**
 * All metrics of rows that count for more or less, as scikit-learn's with `sample_weight`; null where one is undefined.
 * @param weights one a row, 0 or more.
 * @throws RangeError if the lengths don't fit or there are no rows.
 */
export async function weightedScores(
  truth: Truth,
  scores: Numbers,
  weights: Float64Array,
): Promise<Partial<Record<MetricName, number | null>>> {
  const metrics = await weightedMetrics(truth, scores);
  const values = metrics.measure(weights);
  return Object.fromEntries(metrics.names.map((name, i) => [name, Number.isFinite(values[i]) ? values[i]! : null]));
}
