import type { EvaluatorInput } from '../schema/evaluator.js';
import type { Operation, ProgramNode, Shape } from './kernels/kernel.js';
import { NodeReader } from './kernels/kernel.js';
import { operators } from './kernels/registry.js';
import { UnsupportedGraphError } from './model.js';
import type { Program } from './program.js';

export interface Step {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly operation: Operation;
}

/** What to compute for the chosen output, in order, with the shape of every value involved. */
export interface Plan {
  readonly inputs: readonly EvaluatorInput[];
  readonly steps: readonly Step[];
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly output: string;
}

/** Classifiers have two outputs, of which the probabilities are the second; all other operators of the subset have one. */
const SCORES_OUTPUT: Readonly<Record<string, number>> = { LinearClassifier: 1, TreeEnsembleClassifier: 1 };

/** Works out the shape of every value, and compiles each node for the shapes that it gets. */
export function readPlan({ inputs, nodes, constants, output }: Program): Plan {
  const shapes = new Map<string, Shape>(
    inputs.map((input) => [input.name, { type: input.type, width: input.columns ?? 1 }]),
  );
  const steps = nodes.map((node) => compileNode(node, constants, shapes));
  if (shapes.get(output)?.type !== 'float') throw new UnsupportedGraphError(`Output "${output}" does not hold floats`);
  return { inputs, steps, shapes, output };
}

function compileNode(node: ProgramNode, constants: Program['constants'], shapes: Map<string, Shape>): Step {
  const reader = new NodeReader(node, constants);
  const operator = operators.get(`${node.domain}.${node.operator}`)!;
  const inputs = node.inputs.filter((name) => name !== '' && !constants.has(name));
  const operation = operator(
    reader,
    inputs.map((name) => {
      const shape = shapes.get(name);
      if (!shape) throw reader.unsupported(`its input "${name}" is not computed before it`);
      return shape;
    }),
  );
  const output = node.outputs[SCORES_OUTPUT[node.operator] ?? 0];
  if (output === undefined || output === '') throw reader.unsupported('its output has no name');
  if (shapes.has(output)) throw reader.unsupported(`its output "${output}" is computed twice`);
  checkWidth(reader, operation.output);
  shapes.set(output, operation.output);
  return { inputs, output, operation };
}

const MAX_WIDTH = 65_536;

function checkWidth(reader: NodeReader, { width }: Shape): void {
  if (!Number.isInteger(width) || width < 1 || width > MAX_WIDTH) throw reader.unsupported(`it gives ${width} columns`);
}
