import { descendingOrder } from './ranking.js';

/** ROC: false positive rate, true positive rate. Precision-recall: recall, precision. */
export type CurvePoint = readonly [x: number, y: number];

export interface RankingCurves {
  /** From (0, 0) to (1, 1). */
  readonly roc: readonly CurvePoint[];
  /** By ascending recall, from the conventional (0, 1). */
  readonly precisionRecall: readonly CurvePoint[];
}

/** Points that a drawing can show apart. */
export const MAX_CURVE_POINTS = 200;

/**
 * ROC and precision-recall curve with a point for each distinct score, equal to scikit-learn's roc_curve (with
 * `drop_intermediate=False`) and precision_recall_curve, whose order of points is the other way round.
 *
 * @param positive 1 for rows of the class, else 0. @param scores one a row.
 * @returns undefined where the class or its complement has no rows.
 */
export function rankingCurves(positive: Uint8Array, scores: Float64Array): RankingCurves | undefined {
  const positives = positive.reduce((sum, flag) => sum + flag, 0);
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  const order = descendingOrder(scores);
  const roc: CurvePoint[] = [[0, 0]];
  const precisionRecall: CurvePoint[] = [[0, 1]];
  let hits = 0;
  order.forEach((row, rank) => {
    hits += positive[row]!;
    if (scores[row] === scores[order[rank + 1]!]) return;
    const guessed = rank + 1;
    roc.push([(guessed - hits) / negatives, hits / positives]);
    precisionRecall.push([hits / positives, hits / guessed]);
  });
  return { roc, precisionRecall };
}

/**
 * At most `limit` points of a curve, evenly along `position`, with its first and last one.
 * @param position never falls along the curve.
 */
export function thin(
  curve: readonly CurvePoint[],
  position: (point: CurvePoint) => number,
  limit = MAX_CURVE_POINTS,
): CurvePoint[] {
  const last = curve.length - 1;
  if (curve.length <= limit) return [...curve];
  const step = position(curve[last]!) / (limit - 1);
  let reached = -1;
  return curve.filter((point, i) => {
    const cell = Math.floor(position(point) / step);
    if (cell <= reached || (cell >= limit - 1 && i < last)) return false;
    reached = cell;
    return true;
  });
}
