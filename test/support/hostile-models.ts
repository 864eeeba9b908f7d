import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { ATTRIBUTE, GRAPH } from '../../src/ml/onnx/fields.js';
import {
  ELEMENT,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from '../../src/ml/onnx/model.js';
import { int64Tensor } from '../../src/ml/onnx/tensor.js';

/** AttributeProto.AttributeType GRAPH. */
const GRAPH_TYPE = 5;

const node = (operator: string, inputs: string[], output: string, attributes: OnnxAttribute[] = []): OnnxNode => ({
  name: '',
  operator,
  domain: operator.startsWith('TreeEnsemble') ? 'ai.onnx.ml' : '',
  inputs,
  outputs: [output],
  attributes,
});

const scalar = (name: string, elementType: number, raw: Uint8Array): OnnxTensor => {
  const writer = new BinaryWriter();
  writer.tag(2, WireType.Varint).int32(elementType);
  writer.tag(8, WireType.LengthDelimited).string(name);
  writer.tag(9, WireType.LengthDelimited).bytes(raw);
  return { name, elementType, dims: [], proto: writer.finish() };
};

const value = (name: string, elementType: number, shape: (string | number)[]): OnnxGraph['inputs'][number] => ({
  name,
  type: { kind: 'tensor', elementType, shape },
});

/** A regression of two features, [N, 2] → [N, 1], made of these nodes. */
function modelOf(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[] = []): Uint8Array {
  const graph: OnnxGraph = {
    name: 'g',
    nodes,
    initializers,
    sparseInitializers: [],
    inputs: [value('X', ELEMENT.FLOAT, ['N', 2])],
    outputs: [value('Y', ELEMENT.FLOAT, ['N', 1])],
  };
  const opsets = [
    { domain: '', version: 17 },
    { domain: 'ai.onnx.ml', version: 3 },
  ];
  return encodeModel({ irVersion: 8, producer: 'test', opsets, graph, functions: [] });
}

/** The sum of both features, reduced to one column, with something done to it. */
const sum = node('ReduceSum', ['X', 'axes'], 'sum', [{ name: 'keepdims', type: 'INT', value: 1 }]);
const axes = int64Tensor('axes', [1]);

/** NaN wherever the features differ from each other. */
export function givesNaN(): Uint8Array {
  const zero = node('Sub', ['sum', 'sum'], 'zero');
  return modelOf([sum, zero, node('Div', ['zero', 'zero'], 'Y')], [axes]);
}

/** Asks for so many bytes at once. */
export function eatsMemory(bytes: number): Uint8Array {
  const nodes = [
    sum,
    node('ConstantOfShape', ['size'], 'large'),
    node('ReduceSum', ['large'], 'total', [{ name: 'keepdims', type: 'INT', value: 0 }]),
    node('Add', ['sum', 'total'], 'Y'),
  ];
  return modelOf(nodes, [axes, int64Tensor('size', [Math.ceil(bytes / 4 / 1024), 1024])]);
}

/** Counts to 2^62. */
export function hangs(): Uint8Array {
  const body = bytesOfGraph({
    name: 'body',
    nodes: [node('Identity', ['go'], 'goOn'), node('Neg', ['sumIn'], 'sumOut')],
    initializers: [],
    sparseInitializers: [],
    inputs: [value('i', ELEMENT.INT64, []), value('go', ELEMENT.BOOL, []), value('sumIn', ELEMENT.FLOAT, ['N', 1])],
    outputs: [value('goOn', ELEMENT.BOOL, []), value('sumOut', ELEMENT.FLOAT, ['N', 1])],
  });
  const loop = node('Loop', ['trips', 'true', 'sum'], 'Y', [graphAttribute('body', body)]);
  const trips = scalar('trips', ELEMENT.INT64, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x40));
  return modelOf([sum, loop], [axes, trips, scalar('true', ELEMENT.BOOL, Uint8Array.of(1))]);
}

/** One tree as deep as this; ONNX Runtime descends it by recursion while it loads it, until its stack ends. */
export function overflowsTheStack(depth: number): Uint8Array {
  const nodes = 2 * depth + 1;
  const each = (of: (index: number) => number): Int32Array => Int32Array.from({ length: nodes }, (_, i) => of(i));
  const leaves = (of: (index: number) => number): Int32Array => Int32Array.from({ length: depth + 1 }, (_, i) => of(i));
  const attributes: OnnxAttribute[] = [
    { name: 'n_targets', type: 'INT', value: 1 },
    { name: 'nodes_treeids', type: 'INTS', value: each(() => 0) },
    { name: 'nodes_nodeids', type: 'INTS', value: each((i) => i) },
    { name: 'nodes_featureids', type: 'INTS', value: each(() => 0) },
    {
      name: 'nodes_modes',
      type: 'STRINGS',
      value: Array.from(
        each((i) => i),
        (i) => (i < depth ? 'BRANCH_LEQ' : 'LEAF'),
      ),
    },
    { name: 'nodes_values', type: 'FLOATS', value: each((i) => (i < depth ? i : 0)) },
    { name: 'nodes_truenodeids', type: 'INTS', value: each((i) => (i < depth ? depth + 1 + i : 0)) },
    { name: 'nodes_falsenodeids', type: 'INTS', value: each((i) => (i < depth ? i + 1 : 0)) },
    { name: 'target_treeids', type: 'INTS', value: leaves(() => 0) },
    { name: 'target_nodeids', type: 'INTS', value: leaves((i) => depth + i) },
    { name: 'target_ids', type: 'INTS', value: leaves(() => 0) },
    { name: 'target_weights', type: 'FLOATS', value: leaves(() => 1) },
  ];
  return modelOf([node('TreeEnsembleRegressor', ['X'], 'Y', attributes)]);
}

/** Conditions within conditions. */
export function nests(levels: number): Uint8Array {
  let graph = bytesOfGraph({ ...empty, nodes: [node('Identity', ['sum'], 'out')] });
  for (let level = 0; level < levels; level++) {
    const branches = [graphAttribute('then_branch', graph), graphAttribute('else_branch', graph)];
    graph = bytesOfGraph({ ...empty, nodes: [node('If', ['true'], 'out', branches.slice(0, level < 3 ? 2 : 1))] });
  }
  return modelOf([sum, node('If', ['true'], 'Y', [graphAttribute('then_branch', graph)])], [axes]);
}

/** Weights in another file. */
export function reachesOutside(): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(8, WireType.LengthDelimited).string('axes');
  writer.tag(14, WireType.Varint).int32(1);
  return modelOf([sum], [{ ...axes, proto: writer.finish() }]);
}

const empty: OnnxGraph = {
  name: 'inner',
  nodes: [],
  initializers: [],
  sparseInitializers: [],
  inputs: [],
  outputs: [value('out', ELEMENT.FLOAT, ['N', 1])],
};

/** The GraphProto within the model that it is written with. */
function bytesOfGraph(graph: OnnxGraph): Uint8Array {
  const before = encodeModel({ irVersion: 8, producer: '', opsets: [], graph: { ...graph, name: '' }, functions: [] });
  // IR version in two bytes, then the tag of the graph and its length, which is a varint.
  let at = 3;
  while (before[at]! >= 0x80) at++;
  const writer = new BinaryWriter();
  writer.tag(GRAPH.name, WireType.LengthDelimited).string(graph.name);
  return Buffer.concat([writer.finish(), before.subarray(at + 1)]);
}

function graphAttribute(name: string, graph: Uint8Array): OnnxAttribute {
  const writer = new BinaryWriter();
  writer.tag(ATTRIBUTE.name, WireType.LengthDelimited).string(name);
  writer.tag(ATTRIBUTE.graph, WireType.LengthDelimited).bytes(graph);
  writer.tag(ATTRIBUTE.type, WireType.Varint).int32(GRAPH_TYPE);
  return { name, type: 'OPAQUE', value: writer.finish() };
}
