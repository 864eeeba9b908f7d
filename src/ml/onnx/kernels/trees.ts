import { compileForest } from './forest-compiler.js';
import type { Forest } from './forest.js';
import { sumForRow, sumForRows } from './forest.js';
import type { Operation, Operator } from './kernel.js';
import { numericInput } from './kernel.js';
import { logistic, readPostTransform, transformScores } from './post-transform.js';
import type { Slots } from './slots.js';
import { fillSlots } from './slots.js';
import { readTrees } from './tree-nodes.js';
import type { LeafWeights } from './tree-nodes.js';

/** Writes a row's outputs at `to` from the forest's sums that begin at `from`. */
type Finish = (sums: Float64Array, from: number, values: Float32Array, to: number) => void;

/** Sums of a block, in float64; shared by all forests of the thread, since evaluation never yields. */
let sums = new Float64Array(1024);

/** TreeEnsembleRegressor with aggregate function SUM. */
export const treeEnsembleRegressor: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  if (node.text('aggregate_function', 'SUM') !== 'SUM')
    throw node.unsupported('only aggregate_function SUM is supported');
  const width = node.int('n_targets', 1);
  const { nodes, weights } = readTrees(node, 'target');
  const { forest, slots } = compileForest(node, nodes, weights, width, input.width);
  const base = node.floats('base_values');
  if (base.length > 0 && base.length !== width)
    throw node.unsupported(`${base.length} base values for ${width} targets`);
  const transform = readPostTransform(node, width);
  return operation(forest, slots, width, (sums, from, values, to) => {
    for (let k = 0; k < width; k++) values[to + k] = sums[from + k]! + (base[k] ?? 0);
    transformScores(values, to, width, transform);
  });
};

/**
 * TreeEnsembleClassifier. If there are two classes and the weights name only the first, ONNX Runtime takes their sum as
 * the second one's score and derives the first. Base values of two classes it treats by rules of its own: refused.
 */
export const treeEnsembleClassifier: Operator = (node, inputs) => {
  const input = numericInput(node, inputs);
  const classes = node.strings('classlabels_strings').length || node.ints('classlabels_int64s').length;
  const { nodes, weights } = readTrees(node, 'class');
  const base = node.floats('base_values');
  const transform = readPostTransform(node, classes);
  const only = singleOutput(weights);
  if (classes === 2 && only === 0 && base.length <= 1) {
    const { forest, slots } = compileForest(node, nodes, weights, 1, input.width);
    const positive = weights.weights.every((weight) => weight >= 0);
    return operation(forest, slots, 2, (sums, from, values, to) => {
      const score = Math.fround(sums[from]! + (base[0] ?? 0));
      const odds = transform === 'LOGISTIC';
      values[to] = odds ? logistic(-score) : positive ? 1 - score : -score;
      values[to + 1] = odds ? logistic(score) : score;
    });
  }
  if (base.length > 0 && (base.length !== classes || classes === 2)) {
    throw node.unsupported(`${base.length} base values for ${classes} classes are not supported`);
  }
  const { forest, slots } = compileForest(node, nodes, weights, classes, input.width);
  return operation(forest, slots, classes, (sums, from, values, to) => {
    for (let k = 0; k < classes; k++) values[to + k] = sums[from + k]! + (base[k] ?? 0);
    transformScores(values, to, classes, transform);
  });
};

function operation(forest: Forest, slots: Slots, width: number, finish: Finish): Operation {
  const slotCount = slots.kinds.length;
  return {
    output: { type: 'float', width },
    scratch: slotCount,
    bytes: forest.words.byteLength + forest.leaves.byteLength + 8 * forest.roots.length + 9 * slotCount,
    kernel:
      ([input], output, slotsAt) =>
      (frame) => {
        const { values, stride, rows } = frame;
        fillSlots(slots, frame, input!.at, slotsAt);
        if (sums.length < rows * forest.width) sums = new Float64Array(rows * forest.width);
        sums.fill(0, 0, rows * forest.width);
        if (rows === 1) sumForRow(forest, values, slotsAt, sums, 0);
        else sumForRows(forest, values, slotsAt, stride, rows, sums);
        for (let row = 0; row < rows; row++) finish(sums, row * forest.width, values, row * stride + output.at);
      },
  };
}

/** The output that all weights belong to, if there is only one. */
function singleOutput(weights: LeafWeights): number | undefined {
  const first = weights.outputs[0];
  for (let i = 1; i < weights.outputs.length; i++) if (weights.outputs[i] !== first) return undefined;
  return first;
}
