import type { TreeEnsemble } from '../../schema/tree-ensemble.js';
import type { BinnedColumn } from './bins.js';
import type { Tree } from './data.js';

/** Above every finite float32: a split by it divides known values from missing ones. */
const ALL_KNOWN = 3.4028234663852886e38;

/**
 * Joins trees into an ensemble that outputs their average.
 *
 * @param classes 0 for a regression; with two, the trees' single value is the share of the second class.
 * @param offset added to the average, for targets that were centred.
 */
export function assembleEnsemble(
  trees: readonly Tree[],
  columns: readonly BinnedColumn[],
  classes: number,
  offset: number,
): TreeEnsemble {
  const nodes = trees.reduce((sum, tree) => sum + tree.column.length, 0);
  const width = Math.max(classes, 1);
  const ensemble = {
    roots: new Int32Array(trees.length),
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    values: new Float32Array(nodes * width),
    width,
  };
  let root = 0;
  trees.forEach((tree, index) => {
    ensemble.roots[index] = root;
    ensemble.feature.set(tree.column, root);
    ensemble.missingLeft.set(tree.missingLeft, root);
    tree.column.forEach((column, node) => {
      const at = root + node;
      if (column < 0) {
        writeLeaf(ensemble.values, at * width, tree, node, { classes, offset, trees: trees.length });
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

function writeLeaf(
  values: Float32Array,
  at: number,
  tree: Tree,
  node: number,
  { classes, offset, trees }: { classes: number; offset: number; trees: number },
): void {
  if (classes === 2) {
    values[at] = (1 - tree.values[node]!) / trees;
    values[at + 1] = tree.values[node]! / trees;
    return;
  }
  const outputs = Math.max(classes, 1);
  for (let k = 0; k < outputs; k++) values[at + k] = (tree.values[node * outputs + k]! + offset) / trees;
}
