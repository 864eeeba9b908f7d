import type { EvaluatorInput } from '../schema/evaluator.js';
import type { Operation, Shape } from './kernels/kernel.js';
import { NodeReader } from './kernels/kernel.js';
import { operators } from './kernels/registry.js';
import { ELEMENT, UnsupportedGraphError } from './model.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from './model.js';

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

/** Chooses the graph's score output and the nodes that lead to it, and compiles each of them. */
export function readPlan(model: OnnxModel): Plan {
  const { graph } = model;
  if (model.functions.length > 0) throw new UnsupportedGraphError('The model defines functions of its own');
  if (graph.sparseInitializers.length > 0) throw new UnsupportedGraphError('The graph has sparse initializers');
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const inputs = graph.inputs.filter((input) => !constants.has(input.name)).map(readInput);
  const shapes = new Map<string, Shape>(
    inputs.map((input) => [input.name, { type: input.type, width: input.columns ?? 1 }]),
  );
  const output = chooseOutput(graph);
  const steps = neededNodes(graph, output, constants).map((node) => compileNode(node, constants, shapes));
  if (shapes.get(output)?.type !== 'float') throw new UnsupportedGraphError(`Output "${output}" does not hold floats`);
  return { inputs, steps, shapes, output };
}

function readInput({ name, type }: ValueInfo): EvaluatorInput {
  if (type.kind !== 'tensor') throw new UnsupportedGraphError(`Input "${name}" is no tensor`);
  const columns = type.shape?.[1];
  if (type.shape?.length !== 2 || typeof columns !== 'number' || columns < 1) {
    throw new UnsupportedGraphError(`Input "${name}" has no shape [rows, columns] with a fixed number of columns`);
  }
  if (type.elementType !== ELEMENT.FLOAT && type.elementType !== ELEMENT.STRING) {
    throw new UnsupportedGraphError(`Input "${name}" holds neither float32 values nor strings`);
  }
  return { name, type: type.elementType === ELEMENT.FLOAT ? 'float' : 'string', columns };
}

/** The only float output; among several, the one named as exporters name the scores. */
function chooseOutput(graph: OnnxGraph): string {
  const floats = graph.outputs.filter(({ type }) => type.kind === 'tensor' && type.elementType === ELEMENT.FLOAT);
  const named = floats.filter(({ name }) => name === 'probabilities' || name === 'prediction');
  const [first, second] = named.length > 0 ? named : floats;
  if (!first || second) throw new UnsupportedGraphError(`The graph has ${floats.length} float outputs instead of one`);
  return first.name;
}

/** The nodes that the output depends on, in the graph's order, which ONNX demands to be topological. */
function neededNodes(graph: OnnxGraph, output: string, constants: ReadonlyMap<string, OnnxTensor>): OnnxNode[] {
  const needed = new Set([output]);
  const chosen = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) return false;
    for (const name of node.inputs) if (!constants.has(name)) needed.add(name);
    return true;
  });
  return chosen.reverse();
}

function compileNode(node: OnnxNode, constants: ReadonlyMap<string, OnnxTensor>, shapes: Map<string, Shape>): Step {
  const reader = new NodeReader(node, constants);
  const domain = node.domain === 'ai.onnx' ? '' : node.domain;
  const operator = operators.get(`${domain}.${node.operator}`);
  if (!operator) throw reader.unsupported('the operator is not in the compiled subset');
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
