import { compileForest } from './forest-compiler.js';
import type { CompiledForest } from './forest.js';
import { blockTarget, isWorthABlock, sumForBlock } from './forest-block.js';
import { sumForRow } from './forest.js';
import type { NodeReader, Operation, Operator, Shape } from './kernel.js';
import { numericInput } from './kernel.js';
import { logistic, readPostTransform, transformScores } from './post-transform.js';
import { fillSlots } from './slots.js';
import { readTrees } from './tree-nodes.js';
import type { LeafWeights } from './tree-nodes.js';

/** Writes a row's outputs at `to` from the forest's sums that begin at `from`. */
type Finish = (sums: Float64Array, from: number, values: Float32Array, to: number) => void;

/** Sums of a block, in float64; shared by all forests of the thread, since evaluation never yields. */
let sums = new Float64Array(1024);

/** Compiles the trees of a TreeEnsembleRegressor. */
export function regressorForest(node: NodeReader): CompiledForest {
  return compileForest(node, readTrees(node, 'target'), targetsOf(node));
}

/**
 * TreeEnsembleRegressor with aggregate function SUM. Of several targets, ONNX Runtime gives 0 in place of the base value
 * where none of the leaves that a row reaches names one; the specification doesn't. Such graphs are refused.
 */
export const treeEnsembleRegressor: Operator = (node, inputs) => {
  const compiled = forestFor(node, inputs);
  if (node.text('aggregate_function', 'SUM') !== 'SUM')
    throw node.unsupported('only aggregate_function SUM is supported');
  const width = targetsOf(node);
  const base = node.floats('base_values');
  if (base.length > 0 && base.length !== width)
    throw node.unsupported(`${base.length} base values for ${width} targets`);
  if (width > 1 && base.some((value) => value !== 0) && !compiled.allOutputsInAllLeaves) {
    throw node.unsupported('base values of targets that some leaves leave out are not supported');
  }
  const transform = readPostTransform(node, width);
  return operation(compiled, width, (sums, from, values, to) => {
    for (let k = 0; k < width; k++) values[to + k] = sums[from + k]! + (base[k] ?? 0);
    transformScores(values, to, width, transform);
  });
};

/** Compiles the trees of a TreeEnsembleClassifier, to sums of one value if two classes share it. */
export function classifierForest(node: NodeReader): CompiledForest {
  const trees = readTrees(node, 'class');
  const classes = classesOf(node);
  return compileForest(node, trees, classes === 2 && singleOutput(trees.weights) === 0 ? 1 : classes);
}

/**
 * TreeEnsembleClassifier. If there are two classes and the weights name only the first, ONNX Runtime takes their sum as
 * the second one's score and derives the first. The same it does for single rows whose leaves name only the first, and
 * base values of two classes it treats by rules of its own: both are refused.
 */
export const treeEnsembleClassifier: Operator = (node, inputs) => {
  const compiled = forestFor(node, inputs);
  const classes = classesOf(node);
  const base = node.floats('base_values');
  const transform = readPostTransform(node, classes);
  if (classes === 2 && compiled.forest.width === 1 && base.length <= 1) {
    const { positive } = compiled;
    return operation(compiled, 2, (sums, from, values, to) => {
      const score = Math.fround(sums[from]! + (base[0] ?? 0));
      const odds = transform === 'LOGISTIC';
      values[to] = odds ? logistic(-score) : positive ? 1 - score : -score;
      values[to + 1] = odds ? logistic(score) : score;
    });
  }
  if (classes === 2 && !compiled.lastOutputInAllLeaves) {
    throw node.unsupported('leaves that name the first of two classes only are not supported');
  }
  if (base.length > 0 && (base.length !== classes || classes === 2)) {
    throw node.unsupported(`${base.length} base values for ${classes} classes are not supported`);
  }
  return operation(compiled, classes, (sums, from, values, to) => {
    for (let k = 0; k < classes; k++) values[to + k] = sums[from + k]! + (base[k] ?? 0);
    transformScores(values, to, classes, transform);
  });
};

function targetsOf(node: NodeReader): number {
  return node.int('n_targets', 1);
}

function classesOf(node: NodeReader): number {
  return node.strings('classlabels_strings').length || node.ints('classlabels_int64s').length;
}

/** The node's forest, if its input has all the columns that the forest asks for. */
function forestFor(node: NodeReader, inputs: readonly Shape[]): CompiledForest {
  const { width } = numericInput(node, inputs);
  const compiled = node.forest();
  const missing = compiled.slots.features.find((feature) => feature >= width);
  if (missing !== undefined) throw node.unsupported(`feature ${missing} of ${width} is asked for`);
  return compiled;
}

function operation({ forest, slots, covers }: CompiledForest, width: number, finish: Finish): Operation {
  const slotCount = slots.kinds.length;
  const nodes = forest.words.byteLength + (covers?.byteLength ?? 0);
  return {
    output: { type: 'float', width },
    scratch: slotCount,
    bytes: nodes + forest.leaves.byteLength + 16 * forest.roots.length + 9 * slotCount,
    kernel:
      ([input], output, slotsAt) =>
      (frame) => {
        const { values, stride, rows } = frame;
        if (sums.length < rows * forest.width) sums = new Float64Array(rows * forest.width);
        sums.fill(0, 0, rows * forest.width);
        if (isWorthABlock(forest, rows)) {
          fillSlots(slots, frame, input!.at, blockTarget(rows, slotCount));
          sumForBlock(forest, slotCount, rows, sums);
        } else {
          fillSlots(slots, frame, input!.at, { values, at: slotsAt, stride, lanes: 1 });
          for (let row = 0; row < rows; row++)
            sumForRow(forest, values, slotsAt + row * stride, sums, row * forest.width);
        }
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
