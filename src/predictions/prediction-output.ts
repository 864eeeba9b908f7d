import type { Scores } from '../ml/schema/evaluator.js';
import type { Signature } from '../ml/schema/signature.js';
import type { PredictionOutput } from './prediction.entity.js';

/**
 * What the scores of one row say. A class is decided here, from the probabilities, and never read from a model's own
 * label output, which some graphs get wrong. Of equal probabilities, the first class wins.
 * @returns undefined if a score is not finite: the row's numbers were too extreme for the model.
 */
export function outputOf(signature: Signature, scores: Scores, row: number): PredictionOutput | undefined {
  const { width, values } = scores;
  const own = values.subarray(row * width, (row + 1) * width);
  if (!own.every(Number.isFinite)) return undefined;
  if (!signature.classes) return { value: shortest(own[0]!) };
  const { classes } = signature;
  const best = own.reduce((top, score, index) => (score > own[top]! ? index : top), 0);
  return {
    value: classes[best]!,
    probabilities: Object.fromEntries(classes.map((label, index) => [label, shortest(own[index]!)])),
  };
}

/** The number with the fewest digits that is the same float32: 0.3 rather than 0.30000001192092896. */
function shortest(score: number): number {
  for (let digits = 7; digits < 9; digits++) {
    const short = Number(score.toPrecision(digits));
    if (Math.fround(short) === score) return short;
  }
  return Number(score.toPrecision(9));
}
