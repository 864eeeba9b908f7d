import { quantile } from '../statistics/bootstrap.js';
import { type CurvePoint, MAX_CURVE_POINTS } from './curves.js';
import { checkedLength, type Numbers } from './regression.js';

/** How a regression errs: residuals are truth − prediction. */
export interface ResidualSummary {
  readonly rows: number;
  readonly mean: number;
  /** Standard deviation of the sample (n − 1); 0 for a single row. */
  readonly deviation: number;
  /** Linear interpolation, as numpy's default. */
  readonly quantiles: readonly { readonly share: number; readonly value: number }[];
  /** counts[i] lie in [edges[i], edges[i + 1]); residuals beyond the 1 % and 99 % quantiles count in the outer bins. */
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** Prediction and residual of at most 200 rows, evenly through the order of the predictions. */
  readonly points: readonly CurvePoint[];
}

const SHARES = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1];
const BINS = 30;

/** @throws RangeError if the lengths differ or there are no rows. */
export function summariseResiduals(truth: Numbers, predicted: Numbers): ResidualSummary {
  const rows = checkedLength(truth.length, predicted.length);
  const residuals = Float64Array.from(truth, (value, row) => value - predicted[row]!);
  const sorted = Float64Array.from(residuals).sort();
  const mean = sorted.reduce((sum, residual) => sum + residual, 0) / rows;
  const squares = sorted.reduce((sum, residual) => sum + (residual - mean) ** 2, 0);
  return {
    rows,
    mean,
    deviation: Math.sqrt(squares / Math.max(rows - 1, 1)),
    quantiles: SHARES.map((share) => ({ share, value: quantile(sorted, share) })),
    histogram: histogramOf(sorted),
    points: pointsOf(predicted, residuals),
  };
}

function histogramOf(sorted: Float64Array): ResidualSummary['histogram'] {
  const low = quantile(sorted, 0.01);
  const high = quantile(sorted, 0.99);
  if (!(high > low)) return { edges: [sorted[0]!, sorted.at(-1)!], counts: [sorted.length] };
  const width = (high - low) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const residual of sorted) counts[Math.min(Math.max(Math.floor((residual - low) / width), 0), BINS - 1)]!++;
  return { edges: Array.from({ length: BINS + 1 }, (_, i) => low + i * width), counts };
}

function pointsOf(predicted: Numbers, residuals: Float64Array): CurvePoint[] {
  const order = Uint32Array.from(predicted.keys()).sort((a, b) => predicted[a]! - predicted[b]! || a - b);
  const shown = Math.min(order.length, MAX_CURVE_POINTS);
  const last = order.length - 1;
  return Array.from({ length: shown }, (_, i) => {
    const row = order[shown === 1 ? 0 : Math.round((i * last) / (shown - 1))]!;
    return [predicted[row]!, residuals[row]!];
  });
}
