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
 * LinearClassifier: a score a class. A single row of coefficients for two classes is refused: the specification and
 * ONNX Runtime disagree about the first class's score.
 */
export const linearClassifier: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  const coefficients = node.floats('coefficients');
  const intercepts = node.floats('intercepts');
  const classes = node.strings('classlabels_strings').length || node.ints('classlabels_ints').length;
  if (intercepts.length !== classes || coefficients.length !== classes * input.width) {
    throw node.unsupported(`${intercepts.length} rows of coefficients for ${classes} classes are not supported`);
  }
  return linear(input, coefficients, intercepts, classes, readPostTransform(node, classes));
};

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
