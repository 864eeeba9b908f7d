import type { Operator, Operation, Shape } from './kernel.js';
import { numericInput } from './kernel.js';
import type { PostTransform } from './post-transform.js';
import { readPostTransform, transformScores } from './post-transform.js';

/** LinearRegressor: x · coefficientsᵀ + intercepts, one row of coefficients a target. */
export const linearRegressor: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  const targets = node.int('targets', 1);
  const coefficients = node.floats('coefficients');
  if (coefficients.length !== targets * input.width) throw node.unsupported('coefficients do not fit its input');
  const given = node.floats('intercepts');
  const intercepts = given.length === targets ? given : new Float32Array(targets);
  return linear(input, coefficients, intercepts, targets, readPostTransform(node, targets));
};

/**
 * LinearClassifier: a score a class. A single row of coefficients for two classes is the second one's, mirrored for the
 * first; only with LOGISTIC, as ONNX Runtime gives 1 − score otherwise, which means nothing for a raw score.
 */
export const linearClassifier: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  const coefficients = node.floats('coefficients');
  const intercepts = node.floats('intercepts');
  const classes = node.strings('classlabels_strings').length || node.ints('classlabels_ints').length;
  if (classes === 2 && intercepts.length === 1 && node.text('post_transform', 'NONE') === 'LOGISTIC') {
    if (coefficients.length !== input.width) throw node.unsupported('coefficients do not fit its input');
    return linear(input, mirrored(coefficients), mirrored(intercepts), 2, 'LOGISTIC');
  }
  if (intercepts.length !== classes || coefficients.length !== classes * input.width) {
    throw node.unsupported(`${intercepts.length} rows of coefficients for ${classes} classes are not supported`);
  }
  return linear(input, coefficients, intercepts, classes, readPostTransform(node, classes));
};

function mirrored(row: Float32Array): Float32Array {
  const both = new Float32Array(2 * row.length);
  both.set(row.map((value) => -value));
  both.set(row, row.length);
  return both;
}

function linear(
  input: Shape,
  coefficients: Float32Array,
  intercepts: Float32Array,
  outputs: number,
  transform: PostTransform,
): Operation {
  const { width } = input;
  return {
    output: { type: 'float', width: outputs },
    bytes: coefficients.byteLength + intercepts.byteLength,
    kernel:
      ([place], output) =>
      (frame) => {
        const { values, stride } = frame;
        for (let row = 0, base = 0; row < frame.rows; row++, base += stride) {
          const from = base + place!.at;
          const to = base + output.at;
          for (let k = 0, weight = 0; k < outputs; k++) {
            let sum = intercepts[k]!;
            for (let i = 0; i < width; i++) sum += values[from + i]! * coefficients[weight++]!;
            values[to + k] = sum;
          }
          transformScores(values, to, outputs, transform);
        }
      },
  };
}
