import type { EvaluatorInput } from '../schema/evaluator.js';
import { NodeReader } from './kernels/kernel.js';
import type { ProgramNode } from './kernels/kernel.js';
import { forestCompilers, operators } from './kernels/registry.js';
import { isTreeAttribute } from './kernels/tree-nodes.js';
import { ELEMENT, UnsupportedGraphError } from './model.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from './model.js';

/** What a graph computes for its scores: plain data, so that it can be made on another thread. */
export interface Program {
  readonly inputs: readonly EvaluatorInput[];
  /** In the order of their computation. */
  readonly nodes: readonly ProgramNode[];
  /** The constants that the nodes read, by name. */
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly output: string;
}

/**
 * Chooses the graph's score output and the nodes that lead to it, and compiles their forests: nearly all the work that
 * a model takes, in time proportional to its nodes. Throws UnsupportedGraphError, naming node and operator, for what
 * lies outside the compiled subset; `compile` says what that is.
 */
export function translate(model: OnnxModel): Program {
  const { graph } = model;
  if (model.functions.length > 0) throw new UnsupportedGraphError('The model defines functions of its own');
  if (graph.sparseInitializers.length > 0) throw new UnsupportedGraphError('The graph has sparse initializers');
  const initializers = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const inputs = graph.inputs.filter((input) => !initializers.has(input.name)).map(readInput);
  const output = chooseOutput(graph);
  const needed = neededNodes(graph, output, initializers);
  const read = new Set(needed.flatMap((node) => node.inputs));
  const constants = new Map(Array.from(initializers).filter(([name]) => read.has(name)));
  return { inputs, nodes: needed.map((node) => translateNode(node, constants)), constants, output };
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

/**
 * The only float output; among several, the one named as exporters name the scores. Throws UnsupportedGraphError if
 * that leaves none or more than one.
 */
export function chooseOutput(graph: OnnxGraph): string {
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

function translateNode(given: OnnxNode, constants: ReadonlyMap<string, OnnxTensor>): ProgramNode {
  const node = given.domain === 'ai.onnx' ? { ...given, domain: '' } : given;
  const reader = new NodeReader(node, constants);
  const key = `${node.domain}.${node.operator}`;
  if (!operators.has(key)) throw reader.unsupported('the operator is not in the compiled subset');
  const forest = forestCompilers.get(key)?.(reader);
  if (!forest) return node;
  return { ...node, attributes: node.attributes.filter(({ name }) => !isTreeAttribute(name)), forest };
}
