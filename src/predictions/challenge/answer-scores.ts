import type { Truth } from '../../ml/metrics/evaluate.js';
import type { Signature } from '../../ml/schema/signature.js';
import type { OutcomeValue } from '../outcomes/outcome.entity.js';
import type { PredictionOutput } from '../prediction.entity.js';

/** Classes of both versions, those of the champion first; undefined for a regression. */
export function classesOf(champion: Signature, challenger: Signature): readonly string[] | undefined {
  if (!champion.classes) return undefined;
  return [...new Set([...champion.classes, ...(challenger.classes ?? [])])];
}

/** What happened, as metrics take it. @param classes undefined for a regression. */
export function truthOf(outcomes: readonly OutcomeValue[], classes: readonly string[] | undefined): Truth {
  if (!classes) return { task: 'REGRESSION', values: Float64Array.from(outcomes, Number) };
  const codeOf = new Map(classes.map((label, code) => [label, code]));
  return { task: 'CLASSIFICATION', codes: Int32Array.from(outcomes, (label) => codeOf.get(String(label))!), classes };
}

/** What was answered, as metrics take it; a class that the version has never seen was impossible to it. */
export function scoresOf(outputs: readonly PredictionOutput[], classes: readonly string[] | undefined): Float32Array {
  if (!classes) return Float32Array.from(outputs, ({ value }) => Number(value));
  const scores = new Float32Array(outputs.length * classes.length);
  outputs.forEach(({ probabilities }, row) => {
    classes.forEach((label, k) => (scores[row * classes.length + k] = probabilities?.[label] ?? 0));
  });
  return scores;
}
