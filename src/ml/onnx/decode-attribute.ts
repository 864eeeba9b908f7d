import type { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { decodeTensor } from './tensor.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE } from './fields.js';
import type { OnnxAttribute, OnnxTensor } from './model.js';
import {
  readBytes,
  readFloat,
  readFloats,
  readInt,
  readInts,
  readMessage,
  readText,
  RecentStrings,
  decodeText,
} from './wire.js';
import type { Numbers } from './wire.js';

/** Called with the bytes of nested messages, to refuse what is unsafe in them. */
export interface NestedChecks {
  readonly graph: (bytes: Uint8Array) => void;
  readonly sparse: (bytes: Uint8Array) => void;
}

/** What the fields of one AttributeProto said; `type` decides which of them counts. */
interface Fields {
  name: string;
  type: number;
  float: number;
  int: number;
  string: Uint8Array;
  floats: Numbers;
  ints: Numbers;
  strings: (string | undefined)[];
  tensor: OnnxTensor | undefined;
}

/** Reads an AttributeProto. Kinds that no kernel uses come back as OPAQUE, after their nested messages were checked. */
export function decodeAttribute(bytes: Uint8Array, nested: NestedChecks): OnnxAttribute {
  const fields = readFields(bytes, nested);
  return knownAttribute(fields) ?? { name: fields.name, type: 'OPAQUE', value: bytes.slice() };
}

function readFields(bytes: Uint8Array, nested: NestedChecks): Fields {
  const fields = emptyFields();
  const recent = new RecentStrings();
  readMessage(bytes, (field, reader, wire) => {
    if (field === ATTRIBUTE.name) fields.name = readText(reader, wire);
    else if (field === ATTRIBUTE.type) fields.type = readInt(reader, wire);
    else if (field === ATTRIBUTE.float) fields.float = readFloat(reader, wire);
    else if (field === ATTRIBUTE.int) fields.int = readInt(reader, wire);
    else if (field === ATTRIBUTE.string) fields.string = readBytes(reader, wire);
    else if (field === ATTRIBUTE.floats) fields.floats = readFloats(reader, wire, fields.floats);
    else if (field === ATTRIBUTE.ints) fields.ints = readInts(reader, wire, fields.ints);
    else if (field === ATTRIBUTE.strings) fields.strings.push(recent.decode(readBytes(reader, wire)));
    else if (field === ATTRIBUTE.tensor) fields.tensor = decodeTensor(readBytes(reader, wire));
    else return checkNested(field, reader, wire, nested);
    return true;
  });
  return fields;
}

function emptyFields(): Fields {
  const bytes = new Uint8Array(0);
  return { name: '', type: 0, float: 0, int: 0, string: bytes, floats: [], ints: [], strings: [], tensor: undefined };
}

function checkNested(field: number, reader: BinaryReader, wire: WireType, nested: NestedChecks): boolean {
  if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) nested.graph(readBytes(reader, wire));
  else if (field === ATTRIBUTE.sparseTensor || field === ATTRIBUTE.sparseTensors)
    nested.sparse(readBytes(reader, wire));
  else if (field === ATTRIBUTE.tensors) decodeTensor(readBytes(reader, wire));
  else return false;
  return true;
}

function knownAttribute(fields: Fields): OnnxAttribute | undefined {
  const { name } = fields;
  switch (fields.type) {
    case ATTRIBUTE_TYPE.FLOAT:
      return { name, type: 'FLOAT', value: fields.float };
    case ATTRIBUTE_TYPE.INT:
      return Number.isSafeInteger(fields.int) ? { name, type: 'INT', value: fields.int } : undefined;
    case ATTRIBUTE_TYPE.STRING:
      return textAttribute(name, fields.string);
    case ATTRIBUTE_TYPE.FLOATS:
      return { name, type: 'FLOATS', value: fields.floats };
    case ATTRIBUTE_TYPE.INTS:
      return allSafe(fields.ints) ? { name, type: 'INTS', value: fields.ints } : undefined;
    case ATTRIBUTE_TYPE.STRINGS:
      return fields.strings.every((text) => text !== undefined)
        ? { name, type: 'STRINGS', value: fields.strings }
        : undefined;
    case ATTRIBUTE_TYPE.TENSOR:
      return fields.tensor && { name, type: 'TENSOR', value: fields.tensor };
    default:
      return undefined;
  }
}

function textAttribute(name: string, bytes: Uint8Array): OnnxAttribute | undefined {
  const value = decodeText(bytes);
  return value === undefined ? undefined : { name, type: 'STRING', value };
}

function allSafe(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isSafeInteger(values[i])) return false;
  return true;
}
