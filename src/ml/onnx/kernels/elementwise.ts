import { ELEMENT } from '../model.js';
import type { OnnxTensor } from '../model.js';
import { floatValues } from '../tensor.js';
import type { Kernel, NodeReader, Operation, Operator, Place, Shape } from './kernel.js';
import { numericInput } from './kernel.js';
import { logistic } from './post-transform.js';

// Arithmetic that exporters put around trees and linear models, each result rounded to float32 as there.

export const add = binary((left, right) => left + right);
export const subtract = binary((left, right) => left - right);
export const multiply = binary((left, right) => left * right);
export const divide = binary((left, right) => left / right);
export const exp = unary(Math.exp);
export const sigmoid = unary(logistic);

function unary(compute: (x: number) => number): Operator {
  return (node, inputs) => {
    const input = floatInput(node, inputs);
    return operation(input.width, 0, ([place], output) => ({ values, stride, rows }) => {
      for (let row = 0, base = 0; row < rows; row++, base += stride) {
        for (let i = 0; i < input.width; i++) values[base + output.at + i] = compute(values[base + place!.at + i]!);
      }
    });
  };
}

/** Of two values of the same width, or of a value and a constant, on either side: a scalar or one number a column. */
function binary(compute: (left: number, right: number) => number): Operator {
  return (node, inputs) => {
    const constants = [node.optionalConstant(0), node.optionalConstant(1)];
    const input = floatInput(node, inputs);
    if (constants.every((tensor) => !tensor)) return ofTwoValues(node, inputs, compute);
    const [left, right] = constants.map((tensor) => tensor && perColumn(node, tensor, input.width));
    const by = (right ?? left)!;
    const ordered = right ? compute : (x: number, constant: number): number => compute(constant, x);
    return operation(input.width, by.byteLength, ([place], output) => ({ values, stride, rows }) => {
      for (let row = 0, base = 0; row < rows; row++, base += stride) {
        for (let i = 0; i < by.length; i++) {
          values[base + output.at + i] = ordered(values[base + place!.at + i]!, by[i]!);
        }
      }
    });
  };
}

function ofTwoValues(
  node: NodeReader,
  inputs: readonly Shape[],
  compute: (left: number, right: number) => number,
): Operation {
  const [left, right] = [floatInput(node, inputs), floatInput(node, inputs.slice(1))];
  if (left.width !== right.width) throw node.unsupported(`its inputs have ${left.width} and ${right.width} columns`);
  return operation(left.width, 0, ([a, b], output) => ({ values, stride, rows }) => {
    for (let row = 0, base = 0; row < rows; row++, base += stride) {
      for (let i = 0; i < left.width; i++) {
        values[base + output.at + i] = compute(values[base + a!.at + i]!, values[base + b!.at + i]!);
      }
    }
  });
}

function operation(
  width: number,
  bytes: number,
  kernel: (inputs: readonly Place[], output: Place) => Kernel,
): Operation {
  return { output: { type: 'float', width }, bytes, kernel };
}

function floatInput(node: NodeReader, inputs: readonly Shape[]): Shape {
  const input = numericInput(node, inputs);
  if (input.type !== 'float') throw node.unsupported('it computes with integers');
  return input;
}

/** A constant as one float32 a column; refuses what would make more columns or rows of the input. */
function perColumn(node: NodeReader, tensor: OnnxTensor, width: number): Float32Array {
  if (tensor.elementType !== ELEMENT.FLOAT) throw node.unsupported('its constant holds no float32 values');
  const values = floatValues(tensor);
  const isRow = tensor.dims.slice(0, -1).every((dimension) => dimension === 1);
  const fits = values.length === 1 || (isRow && values.length === width);
  if (!fits || tensor.dims.length > 2) throw node.unsupported(`its constant [${tensor.dims.join(', ')}] does not fit`);
  return values.length === width ? values : new Float32Array(width).fill(values[0]!);
}
