import type { WeightedDraws } from './weighted-draws.js';

/** What every tree is grown from; all arrays lie on SharedArrayBuffers, so worker threads get them without copying. */
export interface ForestData {
  readonly kind: 'FOREST';
  readonly rows: number;
  /** One byte a row, see bins.ts. */
  readonly columns: readonly Uint8Array[];
  /** Bins of each column without the one for missing values. */
  readonly bins: readonly number[];
  /** Regression: values minus their mean. Two classes: 0 or 1. More: class codes. */
  readonly target: Float64Array;
  /** 1 for a regression and for two classes (the mean of the target is learned), else the number of classes. */
  readonly outputs: number;
  readonly isTwoClasses: boolean;
  /** Chances of rows to be drawn; undefined if all are the same. */
  readonly draws: WeightedDraws | undefined;
  readonly seed: number;
  readonly maxDepth: number;
  /** Least rows in a leaf, as drawn by the bootstrap. */
  readonly minLeaf: number;
  /** Columns tried at each node. */
  readonly maxFeatures: number;
}
