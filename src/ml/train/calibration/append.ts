import { decodeModel } from '../../onnx/decode.js';
import { encodeModel } from '../../onnx/encode.js';
import { GraphBuilder } from '../../onnx/graph-builder.js';
import type { TreeEnsemble } from '../../schema/tree-ensemble.js';
import { OUTPUT_NAMES } from '../algorithm.js';
import { type Calibrator, mappedClasses } from './calibrator.js';
import type { Steps } from './isotonic.js';

/**
 * The model with its calibrator behind the probabilities, in the same graph: a sigmoid is a linear classifier of them,
 * steps are a tree. More than two classes are divided by their sum.
 */
export function appendCalibrator(onnx: Uint8Array, calibrator: Calibrator, classes: readonly string[]): Uint8Array {
  const model = decodeModel(onnx);
  const { graph, output } = GraphBuilder.extending(model);
  const width = classes.length;
  const mapped =
    calibrator.method === 'PLATT'
      ? graph.linearClassifier(
          output,
          calibrator.maps.flatMap(({ slope }, map) => {
            const row = new Array<number>(width).fill(0);
            row[mappedClasses(width)[map]!] = slope;
            return row;
          }),
          calibrator.maps.map(({ intercept }) => intercept),
          classes,
          'LOGISTIC',
        )
      : graph.treeEnsembleClassifier(output, stepTrees(calibrator.maps, width), classes);
  graph.output(OUTPUT_NAMES.CLASSIFICATION, width === 2 ? mapped : graph.normalizer(mapped));
  return encodeModel(graph.build(model.graph.name));
}

/** A balanced tree for each map, on the column of its class. */
function stepTrees(maps: readonly Steps[], width: number): TreeEnsemble {
  const nodes = maps.reduce((sum, { values }) => sum + 2 * values.length - 1, 0);
  const trees = {
    roots: new Int32Array(maps.length),
    feature: new Int32Array(nodes).fill(-1),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    values: new Float32Array(nodes * width),
    width,
  };
  let next = 0;
  maps.forEach(({ thresholds, values }, map) => {
    const column = mappedClasses(width)[map]!;
    const grow = (from: number, to: number): number => {
      const node = next++;
      if (to - from === 1) {
        trees.values[node * width + column] = values[from]!;
        if (width === 2) trees.values[node * width] = 1 - values[from]!;
        return node;
      }
      const middle = (from + to) >> 1;
      trees.feature[node] = column;
      trees.threshold[node] = thresholds[middle - 1]!;
      trees.left[node] = grow(from, middle);
      trees.right[node] = grow(middle, to);
      return node;
    };
    trees.roots[map] = grow(0, values.length);
  });
  return trees;
}
