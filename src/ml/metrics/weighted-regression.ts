import type { MetricName } from './evaluate.js';
import { checkedLength, type Numbers } from './regression.js';
import type { WeightedMetrics, Weights } from './weighted-metrics.js';

/** The metrics of `regressionMetrics` on weighted rows. */
export class WeightedRegression implements WeightedMetrics {
  readonly names: readonly MetricName[] = ['rmse', 'mae', 'r2', 'mape'];
  readonly cost: number;
  private readonly errors: Float64Array;
  private readonly relative: Float64Array;
  /** Truth less its mean, which keeps the sum of squares exact. */
  private readonly centred: Float64Array;

  /** @throws RangeError if the lengths differ or there are no rows. */
  constructor(truth: Float64Array, predicted: Numbers) {
    this.cost = checkedLength(truth.length, predicted.length);
    const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
    this.errors = truth.map((value, row) => Math.abs(value - predicted[row]!));
    this.relative = truth.map((value, row) => this.errors[row]! / Math.max(Math.abs(value), Number.EPSILON));
    this.centred = truth.map((value) => value - mean);
  }

  measure(weights: Weights): Float64Array {
    let [rows, squares, absolute, relative, sum, sumOfSquares] = [0, 0, 0, 0, 0, 0];
    for (let row = 0; row < weights.length; row++) {
      const weight = weights[row]!;
      if (weight === 0) continue;
      const error = this.errors[row]!;
      const centred = this.centred[row]!;
      rows += weight;
      squares += weight * error * error;
      absolute += weight * error;
      relative += weight * this.relative[row]!;
      sum += weight * centred;
      sumOfSquares += weight * centred * centred;
    }
    const variation = sumOfSquares - (sum * sum) / rows;
    const r2 = weights.length < 2 ? NaN : determination(squares, variation, sumOfSquares);
    return Float64Array.of(Math.sqrt(squares / rows), absolute / rows, r2, relative / rows);
  }
}

/** What is left of the variation of equal values is rounding. */
function determination(squares: number, variation: number, scale: number): number {
  if (variation > scale * 1e-12) return 1 - squares / variation;
  return squares === 0 ? 1 : 0;
}
