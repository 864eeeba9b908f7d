import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { OnnxFormatError } from './model.js';

/** Reads one field and returns true, or leaves an unknown one to be skipped and returns false. */
type FieldVisitor = (field: number, reader: BinaryReader, wire: WireType) => boolean;

/**
 * Visits the fields of a message. Every nested message gets a reader of its own over exactly its bytes, so no length
 * prefix can reach beyond its parent, and work and memory stay proportional to the file.
 */
export function readMessage(bytes: Uint8Array, visit: FieldVisitor): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (!visit(field, reader, wire)) reader.skip(wire, field);
  }
}

export function readBytes(reader: BinaryReader, wire: WireType): Uint8Array {
  expectWire(wire, WireType.LengthDelimited);
  return reader.bytes();
}

export function readText(reader: BinaryReader, wire: WireType): string {
  expectWire(wire, WireType.LengthDelimited);
  return reader.string(true);
}

export function readFloat(reader: BinaryReader, wire: WireType): number {
  expectWire(wire, WireType.Bit32);
  return reader.float();
}

export function readInt(reader: BinaryReader, wire: WireType): number {
  expectWire(wire, WireType.Varint);
  const start = reader.pos;
  const short = reader.uint32();
  if (reader.pos - start <= SHORT_BYTES) return short;
  reader.pos = start;
  return Number(reader.int64());
}

/** A varint of so many bytes is below 2^28, which takes no BigInt to read. */
const SHORT_BYTES = 4;

/** A repeated numeric field: packed chunks come as typed arrays, single elements as a plain list. */
export type Numbers = number[] | Float32Array | Float64Array;

/** Appends a repeated float field, packed or one by one. */
export function readFloats(reader: BinaryReader, wire: WireType, before: Numbers): Numbers {
  if (wire !== WireType.LengthDelimited) return push(before, readFloat(reader, wire));
  return append(before, unpackFloats(reader.bytes()));
}

/** Little-endian float32 values, one after the other. */
export function unpackFloats(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw new OnnxFormatError(`A list of floats has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * 4, true);
  return values;
}

/** Appends a repeated int64 field, packed or one by one. Integers beyond 2^53 are rounded to the nearest double. */
export function readInts(reader: BinaryReader, wire: WireType, before: Numbers): Numbers {
  if (wire !== WireType.LengthDelimited) return push(before, readInt(reader, wire));
  return append(before, unpackInts(reader.bytes()));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** ONNX strings are bytes; undefined for those that are no UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Same text, same string: the modes of a million tree nodes are two strings, not a million. */
export class RecentStrings {
  private static readonly size = 4;
  private readonly bytes: Uint8Array[] = [];
  private readonly texts: (string | undefined)[] = [];
  private next = 0;

  decode(bytes: Uint8Array): string | undefined {
    const known = this.bytes.findIndex((recent) => sameBytes(recent, bytes));
    if (known >= 0) return this.texts[known];
    const text = decodeText(bytes);
    this.bytes[this.next] = bytes;
    this.texts[this.next] = text;
    this.next = (this.next + 1) % RecentStrings.size;
    return text;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The first chunk is kept as it is; later ones are pushed in place, so that any number of chunks stays linear. */
function append(before: Numbers, values: Numbers): Numbers {
  if (before.length === 0 && values.length > 1) return values;
  const list = Array.isArray(before) ? before : Array.from(before);
  for (let i = 0; i < values.length; i++) list.push(values[i]!);
  return list;
}

/** Python's writers give every element of a list a tag of its own: a forest has millions of them. */
function push(before: Numbers, value: number): Numbers {
  const list = Array.isArray(before) ? before : Array.from(before);
  list.push(value);
  return list;
}

/** Varints of up to four bytes, nearly all that a tree holds, are read here; longer ones by the library. */
function unpackInts(bytes: Uint8Array): Float64Array {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! < 0x80) count++;
  const values = new Float64Array(count);
  let pos = 0;
  for (let i = 0; pos < bytes.length; i++) {
    const start = pos;
    let byte = bytes[pos++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 28 && pos < bytes.length; shift += 7) {
      byte = bytes[pos++]!;
      value |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) {
      const long = new BinaryReader(bytes.subarray(start));
      value = Number(long.int64());
      pos = start + long.pos;
    }
    values[i] = value;
  }
  return values;
}

function expectWire(actual: WireType, expected: WireType): void {
  if (actual !== expected) throw new OnnxFormatError(`A field has wire type ${actual} where ${expected} is needed`);
}
