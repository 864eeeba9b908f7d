import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { decodeModel } from './decode.js';
import { encodeAttribute } from './encode.js';
import { ATTRIBUTE, GRAPH, MODEL, NODE } from './fields.js';
import { sourceNodesOf } from './kernels/forest-compiler.js';
import { NodeReader } from './kernels/kernel.js';
import { readTrees } from './kernels/tree-nodes.js';
import { readMessage, readText } from './wire.js';
import { fieldsOf } from './wire-fields.js';

const HIT_RATES = 'nodes_hitrates';

/**
 * The same model with the hit rates of its trees, which runtimes ignore and explanations need. All other bytes stay as
 * they are.
 *
 * @param bytes of a model that compiles.
 * @param output the value that the trees compute.
 * @param covers hit rates in the order of the compiled forest.
 */
export function withHitRates(bytes: Uint8Array, output: string, covers: Float32Array): Uint8Array {
  const value = inSourceOrder(bytes, output, covers);
  return rewrite(bytes, MODEL.graph, (graph) =>
    rewrite(graph, GRAPH.node, (node) => (makes(node, output) ? withAttribute(node, value) : node)),
  );
}

function inSourceOrder(bytes: Uint8Array, output: string, covers: Float32Array): Float32Array {
  const { graph } = decodeModel(bytes);
  const node = graph.nodes.find(({ outputs }) => outputs.includes(output))!;
  const reader = new NodeReader(node, new Map());
  const trees = readTrees(reader, node.operator === 'TreeEnsembleClassifier' ? 'class' : 'target');
  const rates = new Float32Array(trees.nodes.count);
  sourceNodesOf(reader, trees).forEach((source, place) => {
    if (place < covers.length) rates[source] = covers[place]!;
  });
  return rates;
}

/** A message with every nested one of a field changed. */
function rewrite(bytes: Uint8Array, wanted: number, change: (body: Uint8Array) => Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  for (const { field, whole, body } of fieldsOf(bytes)) {
    if (field === wanted && body) writer.tag(field, WireType.LengthDelimited).bytes(change(body));
    else writer.raw(whole);
  }
  return writer.finish();
}

function withAttribute(node: Uint8Array, value: Float32Array): Uint8Array {
  const writer = new BinaryWriter();
  for (const { field, whole, body } of fieldsOf(node)) {
    if (field !== NODE.attribute || !body || textOf(body, ATTRIBUTE.name) !== HIT_RATES) writer.raw(whole);
  }
  writer.tag(NODE.attribute, WireType.LengthDelimited).fork();
  encodeAttribute(writer, { name: HIT_RATES, type: 'FLOATS', value });
  return writer.join().finish();
}

function makes(node: Uint8Array, output: string): boolean {
  return [...fieldsOf(node)].some(({ field, body }) => {
    return field === NODE.output && body !== undefined && new TextDecoder().decode(body) === output;
  });
}

function textOf(message: Uint8Array, wanted: number): string {
  let text = '';
  readMessage(message, (field, reader, wire) => {
    if (field !== wanted) return false;
    text = readText(reader, wire);
    return true;
  });
  return text;
}
