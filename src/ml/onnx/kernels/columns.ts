import { ELEMENT } from '../model.js';
import { int64Values } from '../tensor.js';
import type { Frame, Kernel, Operation, Operator, Shape } from './kernel.js';
import { numericInput } from './kernel.js';

/** Imputer: columns equal to the replaced value (usually NaN) become the imputed one. */
export const imputer: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  if (input.type !== 'float') throw node.unsupported('it imputes integers');
  const given = node.floats('imputed_value_floats');
  if (!node.has('replaced_value_float') || given.length === 0) throw node.unsupported('it imputes no floats');
  const imputed = broadcast(given, given.length === input.width ? input.width : 1, input.width);
  const replaced = Math.fround(node.float('replaced_value_float', NaN));
  const isMissing = Number.isNaN(replaced);
  return rowByRow(input.width, imputed.byteLength, ({ values, stride, rows }, from, to) => {
    for (let row = 0; row < rows; row++, from += stride, to += stride) {
      for (let i = 0; i < imputed.length; i++) {
        const value = values[from + i]!;
        values[to + i] = (isMissing ? Number.isNaN(value) : value === replaced) ? imputed[i]! : value;
      }
    }
  });
};

/** Scaler: (x − offset) × scale, rounded to float32 after each step. */
export const scaler: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  const offset = node.floats('offset');
  const scale = node.floats('scale');
  if (offset.length !== scale.length || (scale.length !== 1 && scale.length !== input.width)) {
    throw node.unsupported(`${offset.length} offsets and ${scale.length} scales do not fit ${input.width} columns`);
  }
  const offsets = broadcast(offset, offset.length, input.width);
  const scales = broadcast(scale, scale.length, input.width);
  return rowByRow(input.width, 2 * scales.byteLength, ({ values, stride, rows }, from, to) => {
    for (let row = 0; row < rows; row++, from += stride, to += stride) {
      for (let i = 0; i < scales.length; i++) {
        values[to + i] = Math.fround(values[from + i]! - offsets[i]!) * scales[i]!;
      }
    }
  });
};

/** Normalizer: each row divided by its maximum, sum of magnitudes or Euclidean length; all-zero rows stay. */
export const normalizer: Operator = (node, inputs) => {
  const { width } = numericInput(node, inputs);
  const name = node.text('norm', 'MAX');
  const norm = rowNorms.get(name);
  if (!norm) throw node.unsupported(`norm ${name} is unknown`);
  return rowByRow(width, 0, ({ values, stride, rows }, from, to) => {
    for (let row = 0; row < rows; row++, from += stride, to += stride) norm(values, from, to, width);
  });
};

type RowNorm = (values: Float32Array, from: number, to: number, width: number) => void;

const rowNorms: ReadonlyMap<string, RowNorm> = new Map(
  Object.entries<RowNorm>({
    MAX: (values, from, to, width) => {
      let max = -3.4028234663852886e38;
      for (let i = 0; i < width; i++) if (values[from + i]! > max) max = values[from + i]!;
      divide(values, from, to, width, max);
    },
    L1: (values, from, to, width) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += Math.abs(values[from + i]!);
      divide(values, from, to, width, Math.fround(sum));
    },
    L2: (values, from, to, width) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += Math.fround(values[from + i]! * values[from + i]!);
      const squares = Math.fround(sum);
      if (squares === 0) {
        divide(values, from, to, width, 0);
        return;
      }
      for (let i = 0; i < width; i++) {
        const value = values[from + i]!;
        const length = Math.sqrt(Math.fround(Math.fround(value * value) / squares));
        values[to + i] = value < 0 ? -length : length;
      }
    },
  }),
);

function divide(values: Float32Array, from: number, to: number, width: number, divisor: number): void {
  const by = divisor === 0 ? 1 : divisor;
  for (let i = 0; i < width; i++) values[to + i] = values[from + i]! / by;
}

/** Concat along axis 1: columns side by side. */
export const concat: Operator = (node, inputs) => {
  const axis = node.int('axis', Number.NaN);
  if (axis !== 1 && axis !== -1) throw node.unsupported(`axis ${axis} is not supported, only 1`);
  return sideBySide(
    inputs.map((input) => numericInput(node, [input]).width),
    inputs[0]!.type,
    inputs,
  );
};

/** FeatureVectorizer: columns side by side, each input cut or zero-padded to its stated dimension. */
export const featureVectorizer: Operator = (node, inputs) => {
  const dimensions = Array.from(node.ints('inputdimensions'));
  if (dimensions.length !== inputs.length) throw node.unsupported('inputdimensions do not match its inputs');
  for (const input of inputs) numericInput(node, [input]);
  return sideBySide(dimensions, 'float', inputs);
};

function sideBySide(dimensions: readonly number[], type: Shape['type'], inputs: readonly Shape[]): Operation {
  const starts: number[] = [];
  let width = 0;
  for (const dimension of dimensions) {
    starts.push(width);
    width += dimension;
  }
  const exact = inputs.every((input, i) => input.width === dimensions[i]);
  return {
    output: { type, width },
    bytes: 0,
    ...(exact && { parts: starts }),
    kernel: (places, output) => {
      const moves = places
        .map((place, i) => ({ from: place.at, to: output.at + starts[i]!, width: place.width, room: dimensions[i]! }))
        .filter((move) => move.from !== move.to || move.width !== move.room);
      return moves.length === 0 ? undefined : copyAll(moves);
    },
  };
}

interface Move {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly room: number;
}

function copyAll(moves: readonly Move[]): Kernel {
  return (frame) => {
    const { values, stride } = frame;
    for (const { from, to, width, room } of moves) {
      for (let row = 0, base = 0; row < frame.rows; row++, base += stride) {
        for (let i = 0; i < room; i++) values[base + to + i] = i < width ? values[base + from + i]! : 0;
      }
    }
  };
}

/** Reshape, as long as rows stay rows: [-1 or 0, …] with as many elements a row as before. */
export const reshape: Operator = (node, inputs) => {
  const input = numericInput(node, inputs.slice(0, 1));
  const [first, ...rest] = int64Values(node.constant(1));
  if (first === undefined) throw node.unsupported('its shape is empty');
  const open = rest.filter((dimension) => dimension === -1).length;
  const product = rest.reduce((total, dimension) => (dimension === -1 ? total : total * dimension), 1);
  const keepsRows = (first === -1 && open === 0) || (first === 0 && open <= 1);
  const fits = open === 0 ? product === input.width : product > 0 && input.width % product === 0;
  if (!keepsRows || !fits || node.int('allowzero', 0) !== 0) {
    throw node.unsupported(`shape [${[first, ...rest].join(', ')}] does not keep rows of ${input.width}`);
  }
  return passThrough(input, input.type);
};

/** Cast to float; other targets change values in ways that depend on the platform. */
export const cast: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  const to = node.int('to', 0);
  if (to === ELEMENT.FLOAT) return passThrough(input, 'float');
  if (to === ELEMENT.INT64 && input.type === 'int64') return passThrough(input, 'int64');
  throw node.unsupported(`it casts to element type ${to}, only FLOAT is supported`);
};

/** Identity, as some exporters put between an operator and the output. */
export const identity: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  return passThrough(input, input.type);
};

function passThrough(input: Shape, type: Shape['type']): Operation {
  return { ...sideBySide([input.width], type, [input]) };
}

/** An operator with as many output columns as input ones; `run` gets the first column of each. */
function rowByRow(width: number, bytes: number, run: (frame: Frame, from: number, to: number) => void): Operation {
  return {
    output: { type: 'float', width },
    bytes,
    kernel:
      ([input], output) =>
      (frame) => {
        run(frame, input!.at, output.at);
      },
  };
}

function broadcast(values: Float32Array, given: number, width: number): Float32Array {
  return given === width ? values : new Float32Array(width).fill(values[0]!);
}
