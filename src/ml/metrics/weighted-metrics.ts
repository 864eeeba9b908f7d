import type { MetricName } from './evaluate.js';

/** How much each row counts: how often it was drawn, or a weight of 0 or more. */
export type Weights = Uint32Array | Float64Array;

/**
 * Metrics of rows of which each counts as often as it was drawn. Drawing again so costs no sorting, and no copy of the
 * rows: the ranking of the scores is the same for all weights.
 */
export interface WeightedMetrics {
  readonly names: readonly MetricName[];
  /** Steps of one measurement, to know when others must have their turn. */
  readonly cost: number;
  /** @param weights one a row, not all 0. @returns values in the order of the names; NaN where undefined. */
  measure(weights: Weights): Float64Array;
}
