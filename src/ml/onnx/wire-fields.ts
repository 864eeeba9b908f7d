import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A field of a message as it stands in a file. */
export interface Field {
  readonly field: number;
  /** With its tag. */
  readonly whole: Uint8Array;
  /** Of a nested message. */
  readonly body?: Uint8Array;
}

/** The fields of a message in their order, for whoever copies most of them. */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [field, wire] = reader.tag();
    const body = wire === WireType.LengthDelimited ? reader.bytes() : undefined;
    if (!body) reader.skip(wire, field);
    yield { field, whole: bytes.subarray(from, reader.pos), ...(body && { body }) };
  }
}
