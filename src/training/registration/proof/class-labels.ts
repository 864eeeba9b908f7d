import { UnfitGraphError } from '../../../ml/onnx/model.js';
import type { ClassTarget, TrainingTable } from '../../../ml/train/table.js';

/** What a library may have seen where a snapshot holds booleans: extraction reads "yes" and "no" as such, too. */
const BOOLEAN_LABELS: Readonly<Record<string, string>> = {
  '0': 'false',
  '1': 'true',
  False: 'false',
  True: 'true',
  no: 'false',
  yes: 'true',
};

/**
 * The labels of a graph's scores, in their order.
 * @param named by the graph itself. @param given by whoever registers it; they count more.
 * @throws UnfitGraphError if nobody names them, or the data hold a class that is none of them.
 */
export function classLabels(
  target: ClassTarget,
  named: readonly string[] | undefined,
  given: readonly string[] | null,
): readonly string[] {
  const held = target.classes.join(', ');
  const labels = given ?? (named && inWordsOf(target, named));
  if (!labels) {
    throw new UnfitGraphError(
      `It does not name its classes. Give \`classes\` in the order of its scores; the data hold ${held}.`,
    );
  }
  const unknown = target.classes.filter((label) => !labels.includes(label));
  if (unknown.length === 0) return labels;
  const source = given ? 'The given classes' : 'Its classes';
  throw new UnfitGraphError(
    `${source} are ${labels.join(', ')}, but ${target.name} holds ${unknown.join(', ')}. If other names stand for them, give \`classes\` in the order of its scores, such as ${JSON.stringify(target.classes)}; if it never learned them, register it on data without them.`,
  );
}

/** The table with its classes numbered as the model's scores are. */
export function withClasses(table: TrainingTable, target: ClassTarget, classes: readonly string[]): TrainingTable {
  const position = target.classes.map((label) => classes.indexOf(label));
  const codes = target.codes.map((code) => position[code]!);
  return { ...table, target: { ...target, codes, classes } };
}

function inWordsOf({ classes }: ClassTarget, named: readonly string[]): readonly string[] {
  const isBoolean = classes.every((label) => label === 'false' || label === 'true');
  return isBoolean ? named.map((label) => BOOLEAN_LABELS[label] ?? label) : named;
}
