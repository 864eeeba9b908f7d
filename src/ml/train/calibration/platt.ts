/** p = 1 / (1 + e^−(slope · score + intercept)). */
export interface Sigmoid {
  readonly slope: number;
  readonly intercept: number;
}

const ITERATIONS = 100;
const TOLERANCE = 1e-10;
const RIDGE = 1e-12;

/**
 * Platt scaling (Platt 1999) by Newton's method with halved steps (Lin, Lin and Weng 2007). Targets are drawn in from 0
 * and 1 as Platt proposed, so that separable scores have a minimum, too.
 *
 * @param scores length n. @param outcomes 0 or 1, length n.
 */
export function fitSigmoid(scores: Float32Array, outcomes: Uint8Array): Sigmoid {
  const positives = outcomes.reduce((sum, flag) => sum + flag, 0);
  const negatives = outcomes.length - positives;
  const targets = Float64Array.from(outcomes, (flag) =>
    flag === 1 ? (positives + 1) / (positives + 2) : 1 / (negatives + 2),
  );
  let fitted: Sigmoid = { slope: 0, intercept: Math.log((positives + 1) / (negatives + 1)) };
  let loss = lossOf(fitted, scores, targets);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const step = newtonStep(fitted, scores, targets);
    let share = 1;
    let next = moved(fitted, step, share);
    while (!(lossOf(next, scores, targets) <= loss) && share > 1e-10) next = moved(fitted, step, (share /= 2));
    const improved = loss - lossOf(next, scores, targets);
    if (!(improved > 0)) return fitted;
    fitted = next;
    loss -= improved;
    if (improved < TOLERANCE * scores.length) return fitted;
  }
  return fitted;
}

export function sigmoidAt({ slope, intercept }: Sigmoid, score: number): number {
  return 1 / (1 + Math.exp(-(slope * score + intercept)));
}

function moved({ slope, intercept }: Sigmoid, step: Sigmoid, share: number): Sigmoid {
  return { slope: slope - share * step.slope, intercept: intercept - share * step.intercept };
}

/** Cross entropy, from the side that can't overflow. */
function lossOf({ slope, intercept }: Sigmoid, scores: Float32Array, targets: Float64Array): number {
  let loss = 0;
  for (let i = 0; i < scores.length; i++) {
    const x = slope * scores[i]! + intercept;
    loss += Math.max(x, 0) - targets[i]! * x + Math.log1p(Math.exp(-Math.abs(x)));
  }
  return loss;
}

function newtonStep(sigmoid: Sigmoid, scores: Float32Array, targets: Float64Array): Sigmoid {
  let [g0, g1, h00, h01, h11] = [0, 0, RIDGE, 0, RIDGE];
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    const p = sigmoidAt(sigmoid, score);
    const gradient = p - targets[i]!;
    const curvature = p * (1 - p);
    g0 += gradient * score;
    g1 += gradient;
    h00 += curvature * score * score;
    h01 += curvature * score;
    h11 += curvature;
  }
  const determinant = h00 * h11 - h01 * h01;
  return { slope: (h11 * g0 - h01 * g1) / determinant, intercept: (h00 * g1 - h01 * g0) / determinant };
}
