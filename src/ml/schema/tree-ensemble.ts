/**
 * A forest as flat arrays indexed by node; trees are adjacent. A node with `feature` −1 is a leaf.
 * Inner node: rows with x ≤ threshold go left, others right, missing (NaN) left if `missingLeft` is 1.
 * The output is the sum over trees of the reached leaves' `values`, so averages are divided beforehand.
 */
export interface TreeEnsemble {
  /** Node index of each tree's root, ascending. */
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  /** Absolute node indices of the children; unused on leaves. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  /** Training rows that came through each node, for explanations: above 0, and a node's are those of its children. */
  readonly covers?: Float32Array;
  /** Leaf values, row-major [nodes, width]; zeros on inner nodes. */
  readonly values: Float32Array;
  readonly width: number;
}
