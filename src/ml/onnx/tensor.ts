import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { TENSOR } from './fields.js';
import { ELEMENT, OnnxFormatError } from './model.js';
import type { OnnxTensor } from './model.js';
import { readBytes, readFloats, readInt, readInts, readMessage, readText, unpackFloats } from './wire.js';
import type { Numbers } from './wire.js';

const EXTERNAL = 1;

/** Reads the head of a TensorProto and keeps its data verbatim; refuses data stored outside the file. */
export function decodeTensor(bytes: Uint8Array): OnnxTensor {
  let name = '';
  let elementType = 0;
  const places = new Set<number>();
  let dims: Numbers = [];
  readMessage(bytes, (field, reader, wire) => {
    if (field === TENSOR.dims) dims = readInts(reader, wire, dims);
    else if (field === TENSOR.elementType) elementType = readInt(reader, wire);
    else if (field === TENSOR.name) name = readText(reader, wire);
    else if (field === TENSOR.dataLocation) places.add(readInt(reader, wire));
    else if (field === TENSOR.externalData) {
      readBytes(reader, wire);
      places.add(EXTERNAL);
    } else return false;
    return true;
  });
  if (places.has(EXTERNAL)) {
    throw new OnnxFormatError(
      `Tensor "${name}" keeps its data in another file (external_data); save the model as one self-contained file`,
    );
  }
  return { name, elementType, dims: Array.from(dims), proto: bytes.slice() };
}

/** A one-dimensional INT64 tensor, as shapes are given in. */
export function int64Tensor(name: string, values: readonly number[]): OnnxTensor {
  const raw = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, i) => {
    raw.setBigInt64(i * 8, BigInt(value), true);
  });
  const writer = new BinaryWriter();
  writer.tag(TENSOR.dims, WireType.LengthDelimited).fork().uint32(values.length).join();
  writer.tag(TENSOR.elementType, WireType.Varint).int32(ELEMENT.INT64);
  writer.tag(TENSOR.name, WireType.LengthDelimited).string(name);
  writer.tag(TENSOR.raw, WireType.LengthDelimited).bytes(new Uint8Array(raw.buffer));
  return { name, elementType: ELEMENT.INT64, dims: [values.length], proto: writer.finish() };
}

/** The values of an INT64 tensor, whichever of its two fields they are stored in. */
export function int64Values(tensor: OnnxTensor): number[] {
  let values: Numbers = [];
  readMessage(tensor.proto, (field, reader, wire) => {
    if (field === TENSOR.int64s) values = readInts(reader, wire, values);
    else if (field === TENSOR.raw) values = int64sOf(readBytes(reader, wire));
    else return false;
    return true;
  });
  return Array.from(values);
}

function int64sOf(raw: Uint8Array): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: Math.floor(raw.length / 8) }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}

/** The values of a FLOAT tensor, whichever of its two fields they are stored in. */
export function floatValues(tensor: OnnxTensor): Float32Array {
  let values: Numbers = [];
  readMessage(tensor.proto, (field, reader, wire) => {
    if (field === TENSOR.floats) values = readFloats(reader, wire, values);
    else if (field === TENSOR.raw) values = unpackFloats(readBytes(reader, wire));
    else return false;
    return true;
  });
  return Float32Array.from(values);
}
