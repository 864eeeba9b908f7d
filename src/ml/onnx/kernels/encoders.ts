import type { Kernel, Operation, Operator, Shape } from './kernel.js';
import { fitsFloat32, numericInput } from './kernel.js';

/** Map entry: key, value and the bucket that refers to them; strings count two bytes a character on top. */
const ENTRY_BYTES = 48;

/** OneHotEncoder: one column a category; unknown values give zeros. */
export const oneHotEncoder: Operator = (node, inputs) => {
  if (node.int('zeros', 1) === 0) throw node.unsupported('zeros = 0 makes unknown categories fail');
  const texts = node.strings('cats_strings');
  if (texts.length > 0) return oneHotOfStrings(indexOf(texts), texts.length, stringInput(node, inputs));
  const integers = Array.from(node.ints('cats_int64s'));
  if (integers.length === 0 || !fitsFloat32(integers))
    throw node.unsupported('its categories are missing or too large');
  return oneHotOfNumbers(indexOf(integers), integers.length, numericInput(node, inputs));
};

/** LabelEncoder from strings to numbers, or from integers to numbers. */
export const labelEncoder: Operator = (node, inputs) => {
  node.refuse('keys_tensor', 'values_tensor', 'default_tensor', 'keys_floats', 'values_strings');
  const integers = node.has('values_int64s');
  const values = integers ? node.ints('values_int64s') : node.floats('values_floats');
  const fallback = integers ? node.int('default_int64', -1) : Math.fround(node.float('default_float', -0));
  if (integers && !fitsFloat32([...Array.from(values), fallback])) throw node.unsupported('its values exceed 2^24');
  const type = integers ? 'int64' : 'float';
  const texts = node.strings('keys_strings');
  const keys = texts.length > 0 ? texts : Array.from(node.ints('keys_int64s'));
  if (keys.length === 0 || keys.length !== values.length) throw node.unsupported('keys and values do not match');
  if (texts.length > 0) return encodeStrings(pair(texts, values), fallback, type, stringInput(node, inputs));
  const input = numericInput(node, inputs);
  if (input.type !== 'int64') throw node.unsupported('it looks up integers among floats');
  return encodeIntegers(pair(Array.from(node.ints('keys_int64s')), values), fallback, type, input);
};

function oneHotOfStrings(index: ReadonlyMap<string, number>, categories: number, input: Shape): Operation {
  return {
    output: { type: 'float', width: input.width * categories },
    bytes: mapBytes(index),
    kernel:
      ([place], output) =>
      (frame) => {
        const column = frame.batch.columns[place!.at] as readonly string[];
        const { values, stride, first } = frame;
        for (let row = 0, to = output.at; row < frame.rows; row++, to += stride) {
          for (let i = 0; i < categories; i++) values[to + i] = 0;
          const hot = index.get(column[first + row]!);
          if (hot !== undefined) values[to + hot] = 1;
        }
      },
  };
}

/** Floats are looked up by their integer part, as the operator's specification says. */
function oneHotOfNumbers(index: ReadonlyMap<number, number>, categories: number, input: Shape): Operation {
  const { width } = input;
  return {
    output: { type: 'float', width: width * categories },
    bytes: mapBytes(index),
    kernel:
      ([place], output) =>
      (frame) => {
        const { values, stride } = frame;
        for (let row = 0, base = 0; row < frame.rows; row++, base += stride) {
          for (let column = 0; column < width; column++) {
            const to = base + output.at + column * categories;
            for (let i = 0; i < categories; i++) values[to + i] = 0;
            const hot = index.get(Math.trunc(values[base + place!.at + column]!));
            if (hot !== undefined) values[to + hot] = 1;
          }
        }
      },
  };
}

function encodeStrings(
  map: ReadonlyMap<string, number>,
  fallback: number,
  type: Shape['type'],
  input: Shape,
): Operation {
  return {
    output: { type, width: input.width },
    bytes: mapBytes(map),
    kernel:
      ([place], output) =>
      (frame) => {
        const column = frame.batch.columns[place!.at] as readonly string[];
        const { values, stride, first } = frame;
        for (let row = 0, to = output.at; row < frame.rows; row++, to += stride) {
          values[to] = map.get(column[first + row]!) ?? fallback;
        }
      },
  };
}

function encodeIntegers(
  map: ReadonlyMap<number, number>,
  fallback: number,
  type: Shape['type'],
  input: Shape,
): Operation {
  const { width } = input;
  return {
    output: { type, width },
    bytes: mapBytes(map),
    kernel: ([place], output): Kernel => {
      return ({ values, stride, rows }) => {
        for (let row = 0, base = 0; row < rows; row++, base += stride) {
          for (let i = 0; i < width; i++)
            values[base + output.at + i] = map.get(values[base + place!.at + i]!) ?? fallback;
        }
      };
    },
  };
}

function stringInput(node: Parameters<Operator>[0], inputs: readonly Shape[]): Shape {
  const [input] = inputs;
  if (input?.type !== 'string') throw node.unsupported('it needs a string input');
  if (input.width !== 1) throw node.unsupported('string inputs of several columns are not supported');
  return input;
}

/** The last of two equal categories wins. */
function indexOf<K>(keys: readonly K[]): Map<K, number> {
  return new Map(keys.map((key, i) => [key, i]));
}

/** The first of two equal keys wins. */
function pair<K>(keys: readonly K[], values: ArrayLike<number>): Map<K, number> {
  const map = new Map<K, number>();
  keys.forEach((key, i) => {
    if (!map.has(key)) map.set(key, values[i]!);
  });
  return map;
}

function mapBytes(map: ReadonlyMap<string | number, unknown>): number {
  let bytes = map.size * ENTRY_BYTES;
  for (const key of map.keys()) if (typeof key === 'string') bytes += 2 * key.length;
  return bytes;
}
