import type { Tree } from './tree.js';

/**
 * Trees that outlive the process that grows them. A tree's index is its place in the ensemble. Since an ensemble is all
 * that a fit is made of so far, one that goes on from kept trees gives the same bytes.
 */
export interface KeptTrees {
  /** Of an interrupted fit of the same table, seed and hyperparameters; what is missing is grown anew. */
  readonly kept: ReadonlyMap<number, Tree>;
  /** Takes a tree as soon as it is grown. Must not throw, and must not change it. */
  keep(index: number, tree: Tree): void;
}
