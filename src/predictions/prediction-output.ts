import type { Scores } from '../ml/schema/evaluator.js';
import type { Signature } from '../ml/schema/signature.js';
import type { PredictionOutput } from './prediction.entity.js';
import { shortestDecimal } from './shortest-decimal.js';

/** What the scores of one row say, and the same as JSON. */
export interface WrittenOutput {
  readonly output: PredictionOutput;
  readonly json: string;
}

/**
 * What the scores of one row say. A class is decided here, from the probabilities, and never read from a model's own
 * label output, which some graphs get wrong. Of equal probabilities, the first class wins.
 * @returns undefined if a score is not finite: the row's numbers were too extreme for the model.
 */
export function outputOf(signature: Signature, { width, values }: Scores, row: number): WrittenOutput | undefined {
  const first = row * width;
  for (let i = first; i < first + width; i++) if (!Number.isFinite(values[i])) return undefined;
  if (!signature.classes) return numberOutput(shortestDecimal(values[first]!));
  let best = 0;
  for (let i = 1; i < width; i++) if (values[first + i]! > values[first + best]!) best = i;
  return classOutput(classesOf(signature.classes), values, first, best);
}

function numberOutput(value: number): WrittenOutput {
  return { output: { value }, json: `{"value":${value}}` };
}

/** The classes of a signature, quoted once for all rows. */
interface Classes {
  readonly labels: readonly string[];
  /** By class, how the JSON begins where it is the answer. */
  readonly openings: readonly string[];
  /** In the order in which an object keeps its keys: those that look like integers first. */
  readonly members: readonly { readonly index: number; readonly label: string; readonly json: string }[];
  /** Assigned as to any object, this key would not become a property. */
  readonly hasProto: boolean;
}

const known = new WeakMap<readonly string[], Classes>();

function classesOf(labels: readonly string[]): Classes {
  const classes = known.get(labels);
  if (classes) return classes;
  const keys = Object.keys(Object.fromEntries(labels.map((label) => [label, 0])));
  const described: Classes = {
    labels,
    openings: labels.map((label) => `{"value":${JSON.stringify(label)},"probabilities":{`),
    members: keys.map((label, i) => ({
      index: labels.lastIndexOf(label),
      label,
      json: `${i > 0 ? ',' : ''}${JSON.stringify(label)}:`,
    })),
    hasProto: keys.includes('__proto__'),
  };
  known.set(labels, described);
  return described;
}

function classOutput(classes: Classes, values: Float32Array, first: number, best: number): WrittenOutput {
  const probabilities: Record<string, number> = {};
  let json = classes.openings[best]!;
  for (const member of classes.members) {
    const probability = shortestDecimal(values[first + member.index]!);
    if (classes.hasProto) setOwn(probabilities, member.label, probability);
    else probabilities[member.label] = probability;
    json += `${member.json}${probability}`;
  }
  return { output: { value: classes.labels[best]!, probabilities }, json: `${json}}}` };
}

function setOwn(target: Record<string, number>, key: string, value: number): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}
