import type { CompiledEvaluator } from '../onnx/compile.js';
import type { ProgramNode } from '../onnx/kernels/kernel.js';
import type { Program } from '../onnx/program.js';
import { UnexplainableError } from './unexplainable.js';

/** Operators whose output columns come from one input column each, as many from every one, side by side. */
const COLUMN_BY_COLUMN = new Set(['Cast', 'Identity', 'Reshape', 'Imputer', 'Scaler', 'OneHotEncoder', 'LabelEncoder']);
const SIDE_BY_SIDE = new Set(['Concat', 'FeatureVectorizer']);

/**
 * For each column of a value of the graph, the column of the batch that it was computed from.
 * @throws UnexplainableError if one is computed from several.
 */
export function originsOf(evaluator: CompiledEvaluator, value: string): Int32Array {
  const { program } = evaluator;
  const known = new Map<string, Int32Array>();
  let column = 0;
  for (const { name, columns = 1 } of program.inputs) {
    const first = column;
    known.set(
      name,
      Int32Array.from({ length: columns }, (_, i) => first + i),
    );
    column += columns;
  }
  for (const node of neededFor(program, value)) {
    const inputs = node.inputs.filter((name) => known.has(name)).map((name) => known.get(name)!);
    const output = node.outputs.at(-1)!;
    known.set(output, originsOfNode(node, inputs, evaluator.placeOf(output).width));
  }
  return known.get(value)!;
}

/** The nodes that lead to a value, in their order. */
function neededFor({ nodes }: Program, value: string): ProgramNode[] {
  const needed = new Set([value]);
  const chosen = nodes.toReversed().filter(({ inputs, outputs }) => {
    if (!outputs.some((name) => needed.has(name))) return false;
    for (const name of inputs) needed.add(name);
    return true;
  });
  return chosen.reverse();
}

function originsOfNode(node: ProgramNode, inputs: readonly Int32Array[], width: number): Int32Array {
  const joined = Int32Array.from(inputs.flatMap((origins) => [...origins]));
  if (SIDE_BY_SIDE.has(node.operator) && joined.length === width) return joined;
  if (COLUMN_BY_COLUMN.has(node.operator) && width % joined.length === 0) {
    const each = width / joined.length;
    return Int32Array.from({ length: width }, (_, i) => joined[Math.floor(i / each)]!);
  }
  const [first] = joined;
  if (joined.every((origin) => origin === first)) return new Int32Array(width).fill(first!);
  throw new UnexplainableError(
    `its operator ${node.operator} mixes several columns, so that no part of a score belongs to one of them`,
  );
}
