import type { TreeEnsemble } from '../../schema/tree-ensemble.js';
import type { BinnedColumn } from './bins.js';
import type { Tree } from './tree.js';

/** Above every finite float32: a split by it divides known values from missing ones. */
const ALL_KNOWN = 3.4028234663852886e38;

/** Writes what leaf `node` of tree number `index` adds to the ensemble's outputs, from values[at] on. */
export type WriteLeaf = (values: Float32Array, at: number, tree: Tree, node: number, index: number) => void;

/**
 * Joins trees into an ensemble whose output is the sum over its trees.
 * @param width outputs of the ensemble.
 */
export function assembleEnsemble(
  trees: readonly Tree[],
  columns: readonly BinnedColumn[],
  width: number,
  writeLeaf: WriteLeaf,
): TreeEnsemble {
  const nodes = trees.reduce((sum, tree) => sum + tree.column.length, 0);
  const ensemble = {
    roots: new Int32Array(trees.length),
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    covers: new Float32Array(nodes),
    values: new Float32Array(nodes * width),
    width,
  };
  let root = 0;
  trees.forEach((tree, index) => {
    ensemble.roots[index] = root;
    ensemble.feature.set(tree.column, root);
    ensemble.missingLeft.set(tree.missingLeft, root);
    ensemble.covers.set(tree.covers, root);
    tree.column.forEach((column, node) => {
      const at = root + node;
      if (column < 0) {
        writeLeaf(ensemble.values, at * width, tree, node, index);
        return;
      }
      ensemble.threshold[at] = columns[column]!.thresholds[tree.bin[node]!] ?? ALL_KNOWN;
      ensemble.left[at] = root + tree.left[node]!;
      ensemble.right[at] = root + tree.left[node]! + 1;
    });
    root += tree.column.length;
  });
  return ensemble;
}
