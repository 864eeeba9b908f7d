import type { TreeEnsemble } from '../schema/tree-ensemble.js';
import type { OnnxAttribute } from './model.js';

/** Which attribute names carry the leaves' outputs: `target_*` in a regressor, `class_*` in a classifier. */
export type LeafPrefix = 'target' | 'class';

/**
 * The attributes `nodes_*` and `<prefix>_*` of TreeEnsembleRegressor and TreeEnsembleClassifier (ai.onnx.ml 3) for a
 * forest: node ids count from 0 within a tree, rows go to the true branch where x ≤ value (BRANCH_LEQ).
 */
export function treeAttributes(trees: TreeEnsemble, prefix: LeafPrefix): OnnxAttribute[] {
  const nodes = trees.feature.length;
  const { tree, position } = placeNodes(trees);
  const isLeaf = (node: number): boolean => trees.feature[node]! < 0;
  const perNode = (of: (node: number) => number): Int32Array => {
    const values = new Int32Array(nodes);
    for (let node = 0; node < nodes; node++) values[node] = of(node);
    return values;
  };
  const child = (children: Int32Array): Int32Array =>
    perNode((node) => (isLeaf(node) ? 0 : position[children[node]!]!));
  return [
    { name: 'nodes_treeids', type: 'INTS', value: tree },
    { name: 'nodes_nodeids', type: 'INTS', value: position },
    { name: 'nodes_featureids', type: 'INTS', value: perNode((node) => Math.max(0, trees.feature[node]!)) },
    { name: 'nodes_modes', type: 'STRINGS', value: Array.from(trees.feature, (f) => (f < 0 ? 'LEAF' : 'BRANCH_LEQ')) },
    {
      name: 'nodes_values',
      type: 'FLOATS',
      value: trees.threshold.map((threshold, node) => (isLeaf(node) ? 0 : threshold)),
    },
    { name: 'nodes_truenodeids', type: 'INTS', value: child(trees.left) },
    { name: 'nodes_falsenodeids', type: 'INTS', value: child(trees.right) },
    {
      name: 'nodes_missing_value_tracks_true',
      type: 'INTS',
      value: perNode((node) => (isLeaf(node) ? 0 : trees.missingLeft[node]!)),
    },
    ...hitRates(trees),
    ...leafAttributes(trees, prefix, tree, position),
  ];
}

/** The standard's place for how often a node is met. Runtimes don't need it; explanations do. */
function hitRates({ covers }: TreeEnsemble): OnnxAttribute[] {
  return covers ? [{ name: 'nodes_hitrates', type: 'FLOATS', value: covers }] : [];
}

/** Tree number and place within the tree for each node; throws if the arrays do not describe adjacent trees. */
function placeNodes(trees: TreeEnsemble): { tree: Int32Array; position: Int32Array } {
  const nodes = trees.feature.length;
  if (trees.roots.length === 0) throw new RangeError('A forest needs at least one tree');
  if (trees.roots[0] !== 0) throw new RangeError('The first tree of a forest must begin at node 0');
  if (trees.values.length !== nodes * trees.width) {
    throw new RangeError(`A forest of ${nodes} nodes and width ${trees.width} needs ${nodes * trees.width} values`);
  }
  const tree = new Int32Array(nodes);
  const position = new Int32Array(nodes);
  for (let t = 0; t < trees.roots.length; t++) {
    const start = trees.roots[t]!;
    const end = trees.roots[t + 1] ?? nodes;
    if (end <= start) throw new RangeError(`Tree ${t} has no nodes: roots must ascend and stay below ${nodes}`);
    for (let node = start; node < end; node++) {
      tree[node] = t;
      position[node] = node - start;
      if (trees.feature[node]! >= 0) checkSplit(trees, node, start, end);
    }
  }
  return { tree, position };
}

function checkSplit(trees: TreeEnsemble, node: number, start: number, end: number): void {
  for (const child of [trees.left[node]!, trees.right[node]!]) {
    if (child <= start || child >= end) throw new RangeError(`Node ${node} has child ${child} outside its tree`);
  }
  if (!Number.isFinite(trees.threshold[node]!)) throw new RangeError(`Node ${node} has a threshold that is not finite`);
}

/**
 * One entry a leaf and output. Zeros add nothing and are left out, which makes forests with pure leaves small; the first
 * leaf lists all outputs so that a reader sees every class. The second of two classes is always listed: where all leaves
 * that a row reaches name the first class only, ONNX Runtime takes their sum for the score of the second.
 */
function leafAttributes(
  trees: TreeEnsemble,
  prefix: LeafPrefix,
  tree: Int32Array,
  position: Int32Array,
): OnnxAttribute[] {
  const treeIds: number[] = [];
  const nodeIds: number[] = [];
  const outputs: number[] = [];
  const weights: number[] = [];
  const always = prefix === 'class' && trees.width === 2 ? 1 : -1;
  for (let node = 0; node < trees.feature.length; node++) {
    if (trees.feature[node]! >= 0) continue;
    const values = trees.values.subarray(node * trees.width, (node + 1) * trees.width);
    const complete = weights.length === 0 || values.every((value) => value === 0);
    for (let output = 0; output < trees.width; output++) {
      const value = values[output]!;
      if (!Number.isFinite(value)) throw new RangeError(`Leaf ${node} has a value that is not finite`);
      if (value === 0 && !complete && output !== always) continue;
      treeIds.push(tree[node]!);
      nodeIds.push(position[node]!);
      outputs.push(output);
      weights.push(value);
    }
  }
  return [
    { name: `${prefix}_treeids`, type: 'INTS', value: treeIds },
    { name: `${prefix}_nodeids`, type: 'INTS', value: nodeIds },
    { name: `${prefix}_ids`, type: 'INTS', value: outputs },
    { name: `${prefix}_weights`, type: 'FLOATS', value: weights },
  ];
}
