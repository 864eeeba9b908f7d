/** Numbers per row; scores of a model come as float32. */
export type Numbers = Float64Array | Float32Array;

export interface RegressionMetrics {
  readonly rows: number;
  readonly rmse: number;
  readonly mae: number;
  /** 1 − SS_res / SS_tot; for a constant target 1 if every prediction is right, else 0. Null for a single row. */
  readonly r2: number | null;
  /** Mean of |error| / |truth|, as a share; a truth of 0 counts as 2.2e-16, so that it dominates. */
  readonly mape: number;
}

const EPSILON = Number.EPSILON;

/**
 * Metrics of numeric predictions, equal to scikit-learn's.
 * @param truth length n. @param predicted length n.
 * @throws RangeError if the lengths differ or there are no rows.
 */
export function regressionMetrics(truth: Numbers, predicted: Numbers): RegressionMetrics {
  const rows = checkedLength(truth.length, predicted.length);
  let squares = 0;
  let absolute = 0;
  let relative = 0;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const error = Math.abs(truth[i]! - predicted[i]!);
    squares += error * error;
    absolute += error;
    relative += error / Math.max(Math.abs(truth[i]!), EPSILON);
    sum += truth[i]!;
  }
  const mean = sum / rows;
  let variation = 0;
  for (let i = 0; i < rows; i++) variation += (truth[i]! - mean) ** 2;
  return {
    rows,
    rmse: Math.sqrt(squares / rows),
    mae: absolute / rows,
    r2: rows < 2 ? null : determination(squares, variation),
    mape: relative / rows,
  };
}

/** @throws RangeError */
export function checkedLength(truth: number, scored: number): number {
  if (truth !== scored) throw new RangeError(`${truth} true values but ${scored} scored rows`);
  if (truth === 0) throw new RangeError('Metrics need at least one row');
  return truth;
}

function determination(squares: number, variation: number): number {
  if (variation > 0) return 1 - squares / variation;
  return squares === 0 ? 1 : 0;
}
