import { nextTurn } from '../statistics/next-turn.js';
import { type CurvePoint, rankingCurves, thin } from './curves.js';
import type { Truth } from './evaluate.js';
import type { Numbers } from './regression.js';
import { type ReliabilityBin, reliabilityCurve } from './reliability.js';
import { type ResidualSummary, summariseResiduals } from './residuals.js';

/** Points of one class against the rest. */
export interface ClassCurve {
  readonly class: string;
  readonly points: readonly CurvePoint[];
}

/** What a drawing of a model's quality needs besides its metrics: bounded, whatever the number of rows. */
export type Diagnostics =
  | { readonly task: 'REGRESSION'; readonly residuals: ResidualSummary }
  | {
      readonly task: 'CLASSIFICATION';
      readonly roc: readonly ClassCurve[];
      readonly precisionRecall: readonly ClassCurve[];
      readonly reliability: readonly ReliabilityBin[];
    };

/** Of more classes, the most frequent ones get curves. */
const MAX_CURVES = 10;

/**
 * Curves of at most 200 points: for two classes of the second one, for more of each against the rest, as far as they
 * occur. Yields to the event loop.
 *
 * @param scores predictions, length n, or probabilities, row-major [n, classes] in the order of the truth's classes.
 */
export async function diagnose(truth: Truth, scores: Numbers): Promise<Diagnostics> {
  const { task } = truth;
  if (task === 'REGRESSION') return { task, residuals: summariseResiduals(truth.values, scores) };
  const { codes, classes } = truth;
  const width = classes.length;
  const roc: ClassCurve[] = [];
  const precisionRecall: ClassCurve[] = [];
  for (const k of drawnClasses(codes, width)) {
    const positive = Uint8Array.from(codes, (code) => (code === k ? 1 : 0));
    const curves = rankingCurves(
      positive,
      Float64Array.from(codes, (_, row) => scores[row * width + k]!),
    );
    await nextTurn();
    if (!curves) continue;
    roc.push({ class: classes[k]!, points: thin(curves.roc, ([x, y]) => x + y) });
    precisionRecall.push({ class: classes[k]!, points: thin(curves.precisionRecall, ([recall]) => recall) });
  }
  return { task, roc, precisionRecall, reliability: reliabilityCurve(codes, scores, width) };
}

function drawnClasses(codes: Int32Array, width: number): number[] {
  if (width === 2) return [1];
  const counts = new Int32Array(width);
  for (const code of codes) counts[code]!++;
  const byFrequency = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b);
  return byFrequency.slice(0, MAX_CURVES).sort((a, b) => a - b);
}
