import { WireType } from '@bufbuild/protobuf/wire';
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { decodeAttribute } from './decode-attribute.js';
import { decodeTensor } from './tensor.js';
import { DIMENSION, FUNCTION, GRAPH, MODEL, NODE, OPERATOR_SET, SPARSE_TENSOR, TYPE, VALUE_INFO } from './fields.js';
import { OnnxFormatError } from './model.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OperatorSet, ValueInfo, ValueType } from './model.js';
import { readBytes, readInt, readMessage, readText } from './wire.js';

/** Subgraphs within subgraphs; real models use one or two levels. */
const MAX_DEPTH = 16;

/**
 * Reads the bytes of an `.onnx` file. Throws OnnxFormatError if they are truncated or corrupt, or if a tensor anywhere
 * in the model keeps its data outside the file. Memory and time are proportional to the number of bytes; the caller
 * bounds that.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  try {
    return decodeModelProto(bytes);
  } catch (error) {
    if (error instanceof OnnxFormatError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OnnxFormatError(
      `The file is no complete ONNX model (${reason}); export the model again and upload it whole`,
      {
        cause: error,
      },
    );
  }
}

function decodeModelProto(bytes: Uint8Array): OnnxModel {
  let irVersion = 0;
  let producer = '';
  let graph: OnnxGraph | undefined;
  const opsets: OperatorSet[] = [];
  const functions: Uint8Array[] = [];
  readMessage(bytes, (field, reader, wire) => {
    if (field === MODEL.irVersion) irVersion = readInt(reader, wire);
    else if (field === MODEL.producer) producer = readText(reader, wire);
    else if (field === MODEL.opset) opsets.push(decodeOpset(readBytes(reader, wire)));
    else if (field === MODEL.function) functions.push(checkFunction(readBytes(reader, wire)));
    else if (field === MODEL.graph) {
      if (graph) throw new OnnxFormatError('The file holds two graphs; export the model again');
      graph = decodeGraph(readBytes(reader, wire), 0);
    } else if (field === MODEL.trainingInfo) {
      throw new OnnxFormatError('The model carries training graphs; export it for inference');
    } else return false;
    return true;
  });
  if (!graph || irVersion === 0 || opsets.length === 0) {
    throw new OnnxFormatError(
      'The file is no complete ONNX model (no graph, IR version or operator set); export it again',
    );
  }
  return { irVersion, producer, opsets, graph, functions };
}

function decodeOpset(bytes: Uint8Array): OperatorSet {
  let domain = '';
  let version = 0;
  readMessage(bytes, (field, reader, wire) => {
    if (field === OPERATOR_SET.domain) domain = readText(reader, wire);
    else if (field === OPERATOR_SET.version) version = readInt(reader, wire);
    else return false;
    return true;
  });
  return { domain, version };
}

/** A function is kept verbatim, but read once so that nothing in it can reach outside the file. */
function checkFunction(bytes: Uint8Array): Uint8Array {
  readMessage(bytes, (field, reader, wire) => {
    if (field === FUNCTION.node) decodeNode(readBytes(reader, wire), 0);
    else if (field === FUNCTION.attributeDefault) decodeAttribute(readBytes(reader, wire), subgraphCheck(0));
    else return false;
    return true;
  });
  return bytes.slice();
}

function decodeGraph(bytes: Uint8Array, depth: number): OnnxGraph {
  if (depth > MAX_DEPTH) throw new OnnxFormatError(`Subgraphs are nested more than ${MAX_DEPTH} levels deep`);
  let name = '';
  const graph = {
    nodes: [] as OnnxNode[],
    initializers: [] as OnnxGraph['initializers'][number][],
    sparseInitializers: [] as Uint8Array[],
    inputs: [] as ValueInfo[],
    outputs: [] as ValueInfo[],
  };
  readMessage(bytes, (field, reader, wire) => {
    if (field === GRAPH.node) graph.nodes.push(decodeNode(readBytes(reader, wire), depth));
    else if (field === GRAPH.name) name = readText(reader, wire);
    else if (field === GRAPH.initializer) graph.initializers.push(decodeTensor(readBytes(reader, wire)));
    else if (field === GRAPH.input) graph.inputs.push(decodeValueInfo(readBytes(reader, wire)));
    else if (field === GRAPH.output) graph.outputs.push(decodeValueInfo(readBytes(reader, wire)));
    else if (field === GRAPH.sparseInitializer) graph.sparseInitializers.push(checkSparse(readBytes(reader, wire)));
    else return false;
    return true;
  });
  return { name, ...graph };
}

function checkSparse(bytes: Uint8Array): Uint8Array {
  readMessage(bytes, (field, reader, wire) => {
    if (field !== SPARSE_TENSOR.values && field !== SPARSE_TENSOR.indices) return false;
    decodeTensor(readBytes(reader, wire));
    return true;
  });
  return bytes.slice();
}

function decodeNode(bytes: Uint8Array, depth: number): OnnxNode {
  let name = '';
  let operator = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: OnnxNode['attributes'][number][] = [];
  readMessage(bytes, (field, reader, wire) => {
    if (field === NODE.input) inputs.push(readText(reader, wire));
    else if (field === NODE.output) outputs.push(readText(reader, wire));
    else if (field === NODE.name) name = readText(reader, wire);
    else if (field === NODE.operator) operator = readText(reader, wire);
    else if (field === NODE.domain) domain = readText(reader, wire);
    else if (field === NODE.attribute) attributes.push(decodeAttribute(readBytes(reader, wire), subgraphCheck(depth)));
    else return false;
    return true;
  });
  return { name, operator, domain, inputs, outputs, attributes };
}

/** What an attribute may hold besides plain values: read for safety, then kept verbatim. */
function subgraphCheck(depth: number): { graph: (bytes: Uint8Array) => void; sparse: (bytes: Uint8Array) => void } {
  return { graph: (bytes) => decodeGraph(bytes, depth + 1), sparse: checkSparse };
}

function decodeValueInfo(bytes: Uint8Array): ValueInfo {
  let name = '';
  let type: ValueType = { kind: 'other', bytes: new Uint8Array(0) };
  readMessage(bytes, (field, reader, wire) => {
    if (field === VALUE_INFO.name) name = readText(reader, wire);
    else if (field === VALUE_INFO.type) type = decodeType(readBytes(reader, wire));
    else return false;
    return true;
  });
  return { name, type };
}

function decodeType(bytes: Uint8Array): ValueType {
  let type: ValueType = { kind: 'other', bytes: bytes.slice() };
  readMessage(bytes, (field, reader, wire) => {
    if (field !== TYPE.tensor) return false;
    type = decodeTensorType(readBytes(reader, wire));
    return true;
  });
  return type;
}

function decodeTensorType(bytes: Uint8Array): ValueType {
  let elementType = 0;
  let shape: (number | string)[] | undefined;
  readMessage(bytes, (field, reader, wire) => {
    if (field === TYPE.elementType) elementType = readInt(reader, wire);
    else if (field === TYPE.shape) shape = decodeShape(readBytes(reader, wire));
    else return false;
    return true;
  });
  return { kind: 'tensor', elementType, ...(shape && { shape }) };
}

function decodeShape(bytes: Uint8Array): (number | string)[] {
  const shape: (number | string)[] = [];
  readMessage(bytes, (field, reader, wire) => {
    if (field !== TYPE.dimension) return false;
    shape.push(decodeDimension(reader, wire));
    return true;
  });
  return shape;
}

function decodeDimension(parent: BinaryReader, parentWire: WireType): number | string {
  let dimension: number | string = '';
  readMessage(readBytes(parent, parentWire), (field, reader, wire) => {
    if (field === DIMENSION.value) dimension = readInt(reader, wire);
    else if (field === DIMENSION.symbol) dimension = readText(reader, wire);
    else return false;
    return true;
  });
  return dimension;
}
