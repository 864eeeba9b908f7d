import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { encodeValueInfo } from './encode.js';
import { GRAPH, MODEL, VALUE_INFO } from './fields.js';
import type { GraphInput } from './graph-interface.js';
import { ELEMENT } from './model.js';
import { readMessage, readText } from './wire.js';
import { fieldsOf } from './wire-fields.js';

/**
 * The same model with its inputs in another order, which decides the order of columns in a batch. Wanted inputs that it
 * lacks are added, with nothing that reads them; inputs that are not wanted, as those with a constant behind them, come
 * last. All other bytes stay as they are, also those of messages that this code base knows nothing of.
 *
 * @param bytes of a model that `decodeModel` accepts.
 */
export function arrangeInputs(bytes: Uint8Array, wanted: readonly GraphInput[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { field, whole, body } of fieldsOf(bytes)) {
    if (field === MODEL.graph && body) {
      writer.tag(MODEL.graph, WireType.LengthDelimited).bytes(arrangeGraph(body, wanted));
    } else writer.raw(whole);
  }
  return writer.finish();
}

function arrangeGraph(graph: Uint8Array, wanted: readonly GraphInput[]): Uint8Array {
  const writer = new BinaryWriter();
  const inputs = new Map<string, Uint8Array>();
  for (const { field, whole, body } of fieldsOf(graph)) {
    if (field === GRAPH.input && body) inputs.set(nameOf(body), whole);
    else writer.raw(whole);
  }
  for (const input of wanted) {
    const known = inputs.get(input.name);
    if (known) writer.raw(known);
    else encodeValueInfo(writer, GRAPH.input, valueInfoOf(input));
    inputs.delete(input.name);
  }
  for (const whole of inputs.values()) writer.raw(whole);
  return writer.finish();
}

function valueInfoOf({ name, type, columns }: GraphInput): Parameters<typeof encodeValueInfo>[2] {
  const elementType = type === 'string' ? ELEMENT.STRING : ELEMENT.FLOAT;
  return { name, type: { kind: 'tensor', elementType, shape: ['N', columns] } };
}

function nameOf(valueInfo: Uint8Array): string {
  let name = '';
  readMessage(valueInfo, (field, reader, wire) => {
    if (field !== VALUE_INFO.name) return false;
    name = readText(reader, wire);
    return true;
  });
  return name;
}
