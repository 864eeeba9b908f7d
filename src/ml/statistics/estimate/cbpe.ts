import { descendingOrder } from '../../metrics/ranking.js';
import type { Numbers } from '../../metrics/regression.js';
import { nextTurn } from '../next-turn.js';

/** What metrics can be expected to be if the probabilities are right. */
export interface ExpectedQuality {
  readonly accuracy: number;
  readonly logLoss: number;
  /** As in `classificationMetrics`: of the second of two classes, or of all together. */
  readonly brier: number;
  /** Of two classes only; null also where every row is certain to be of the same class. */
  readonly rocAuc: number | null;
}

const BLOCK = 100_000;

/**
 * Confidence-based performance estimation (Białek, Kivimäki, Kuberski and Perrakis 2024, arXiv:2407.08649; NannyML's
 * CBPE): if a row with the probabilities p is of class k in a share pₖ of cases, its expected contributions are
 *
 * - max pₖ to the accuracy, as the most probable class is predicted,
 * - −Σ pₖ ln pₖ to the log loss,
 * - Σ pₖ·(1 − pₖ) to the Brier score; p·(1 − p) where there are two classes,
 * - p positives and 1 − p negatives to the ROC curve. The expected AUC is that of pairs of different rows:
 *   Σ pᵢ·(1 − pⱼ)·([sᵢ > sⱼ] + ½·[sᵢ = sⱼ]) / Σ pᵢ·(1 − pⱼ) over i ≠ j, with the score sᵢ = pᵢ.
 *
 * Yields to the event loop.
 * @param probabilities row-major [n, width]. @throws RangeError without rows.
 */
export async function expectedQuality(probabilities: Numbers, width: number): Promise<ExpectedQuality> {
  const rows = probabilities.length / width;
  if (rows === 0) throw new RangeError('An estimate needs at least one row');
  const perTurn = Math.max(1, Math.floor(BLOCK / width));
  const sums = { accuracy: 0, logLoss: 0, brier: 0 };
  for (let start = 0; start < rows; start += perTurn) {
    for (let row = start; row < Math.min(start + perTurn, rows); row++) addRow(sums, probabilities, row, width);
    await nextTurn();
  }
  return {
    accuracy: sums.accuracy / rows,
    logLoss: sums.logLoss / rows,
    brier: sums.brier / rows,
    rocAuc:
      width === 2 ? expectedAuc(Float64Array.from({ length: rows }, (_, row) => probabilities[2 * row + 1]!)) : null,
  };
}

function addRow(
  sums: { accuracy: number; logLoss: number; brier: number },
  probabilities: Numbers,
  row: number,
  width: number,
): void {
  let largest = 0;
  let impurity = 0;
  for (let k = 0; k < width; k++) {
    const p = probabilities[row * width + k]!;
    largest = Math.max(largest, p);
    impurity += p * (1 - p);
    if (p > 0) sums.logLoss -= p * Math.log(p);
  }
  sums.accuracy += largest;
  // Of two classes both contribute the same, of which one counts.
  sums.brier += width === 2 ? impurity / 2 : impurity;
}

/** @param p probability of the positive class, one a row. */
function expectedAuc(p: Float64Array): number | null {
  const order = descendingOrder(p);
  let [above, concordant, withItself] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    const tied = p[order[i]!]!;
    let [positives, negatives] = [0, 0];
    for (; i < order.length && p[order[i]!] === tied; i++) {
      positives += tied;
      negatives += 1 - tied;
      withItself += tied * (1 - tied);
    }
    concordant += negatives * (above + positives / 2);
    above += positives;
  }
  // A row is no pair with itself; as its own tie it counted half.
  const pairs = above * (p.length - above) - withItself;
  return pairs > 0 ? (concordant - withItself / 2) / pairs : null;
}
