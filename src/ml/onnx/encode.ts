import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, ValueInfo } from './model.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, DIMENSION, GRAPH, MODEL, NODE, OPERATOR_SET, TYPE, VALUE_INFO } from './fields.js';

/**
 * Serialises a model to the bytes of an `.onnx` file (onnx.proto). Same model, same bytes. The graph is written last, so
 * a file that was cut anywhere ends inside a field and can't be mistaken for a shorter model.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new BinaryWriter();
  int64(writer, MODEL.irVersion, model.irVersion);
  text(writer, MODEL.producer, model.producer);
  for (const opset of model.opsets) {
    message(writer, MODEL.opset, () => {
      text(writer, OPERATOR_SET.domain, opset.domain);
      int64(writer, OPERATOR_SET.version, opset.version);
    });
  }
  for (const bytes of model.functions) blob(writer, MODEL.function, bytes);
  message(writer, MODEL.graph, () => {
    encodeGraph(writer, model.graph);
  });
  return writer.finish();
}

function encodeGraph(writer: BinaryWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) {
    message(writer, GRAPH.node, () => {
      encodeNode(writer, node);
    });
  }
  text(writer, GRAPH.name, graph.name);
  for (const tensor of graph.initializers) {
    blob(writer, GRAPH.initializer, tensor.proto);
  }
  for (const input of graph.inputs) encodeValueInfo(writer, GRAPH.input, input);
  for (const output of graph.outputs) encodeValueInfo(writer, GRAPH.output, output);
  for (const bytes of graph.sparseInitializers) blob(writer, GRAPH.sparseInitializer, bytes);
}

function encodeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.tag(NODE.input, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) writer.tag(NODE.output, WireType.LengthDelimited).string(name);
  text(writer, NODE.name, node.name);
  text(writer, NODE.operator, node.operator);
  for (const attribute of node.attributes) {
    if (attribute.type === 'OPAQUE') {
      blob(writer, NODE.attribute, attribute.value);
      continue;
    }
    message(writer, NODE.attribute, () => {
      encodeAttribute(writer, attribute);
    });
  }
  text(writer, NODE.domain, node.domain);
}

type KnownAttribute = Exclude<OnnxAttribute, { type: 'OPAQUE' }>;

export function encodeAttribute(writer: BinaryWriter, attribute: KnownAttribute): void {
  text(writer, ATTRIBUTE.name, attribute.name);
  encodeAttributeValue(writer, attribute);
  writer.tag(ATTRIBUTE.type, WireType.Varint).int32(ATTRIBUTE_TYPE[attribute.type]);
}

function encodeAttributeValue(writer: BinaryWriter, attribute: KnownAttribute): void {
  switch (attribute.type) {
    case 'FLOAT':
      writer.tag(ATTRIBUTE.float, WireType.Bit32).float(attribute.value);
      return;
    case 'INT':
      int64(writer, ATTRIBUTE.int, attribute.value);
      return;
    case 'STRING':
      writer.tag(ATTRIBUTE.string, WireType.LengthDelimited).string(attribute.value);
      return;
    case 'FLOATS':
      packedFloats(writer, ATTRIBUTE.floats, attribute.value);
      return;
    case 'INTS':
      packedInts(writer, ATTRIBUTE.ints, attribute.value);
      return;
    case 'STRINGS':
      for (const value of attribute.value) writer.tag(ATTRIBUTE.strings, WireType.LengthDelimited).string(value);
      return;
    case 'TENSOR':
      blob(writer, ATTRIBUTE.tensor, attribute.value.proto);
  }
}

export function encodeValueInfo(writer: BinaryWriter, field: number, info: ValueInfo): void {
  message(writer, field, () => {
    text(writer, VALUE_INFO.name, info.name);
    const type = info.type;
    if (type.kind === 'other') {
      blob(writer, VALUE_INFO.type, type.bytes);
      return;
    }
    message(writer, VALUE_INFO.type, () => {
      message(writer, TYPE.tensor, () => {
        writer.tag(TYPE.elementType, WireType.Varint).int32(type.elementType);
        if (type.shape) encodeShape(writer, type.shape);
      });
    });
  });
}

function encodeShape(writer: BinaryWriter, shape: readonly (number | string)[]): void {
  message(writer, TYPE.shape, () => {
    for (const dimension of shape) {
      message(writer, TYPE.dimension, () => {
        if (typeof dimension === 'number') int64(writer, DIMENSION.value, dimension);
        else text(writer, DIMENSION.symbol, dimension);
      });
    }
  });
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function blob(writer: BinaryWriter, field: number, bytes: Uint8Array): void {
  writer.tag(field, WireType.LengthDelimited).bytes(bytes);
}

/** Empty is the default of every text field, so it isn't written. */
function text(writer: BinaryWriter, field: number, value: string): void {
  if (value !== '') writer.tag(field, WireType.LengthDelimited).string(value);
}

function int64(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint);
  writeInt(writer, value);
}

function writeInt(writer: BinaryWriter, value: number): void {
  if (value >= 0 && value <= 0xffffffff) writer.uint32(value);
  else writer.int64(BigInt(value));
}

function packedInts(writer: BinaryWriter, field: number, values: ArrayLike<number>): void {
  if (values.length === 0) return;
  writer.tag(field, WireType.LengthDelimited).fork();
  for (let i = 0; i < values.length; i++) writeInt(writer, values[i]!);
  writer.join();
}

function packedFloats(writer: BinaryWriter, field: number, values: ArrayLike<number>): void {
  if (values.length === 0) return;
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i]!, true);
  blob(writer, field, bytes);
}
