import type { EncodedFeature } from './encoding.js';
import type { Tree } from './tree.js';

export interface FeatureImportance {
  readonly feature: string;
  /** Share of the whole decrease of impurity; all shares add up to 1 (or are 0 if no tree has a split). */
  readonly gain: number;
}

export interface ForestSummary {
  readonly kind: 'FOREST';
  readonly trees: number;
  readonly nodes: number;
  /** Most important feature first. */
  readonly importance: readonly FeatureImportance[];
}

/** Gain importance per feature, added over the columns that encode it. */
export function summariseForest(trees: readonly Tree[], features: readonly EncodedFeature[]): ForestSummary {
  const columns = features.flatMap((feature) => feature.columns);
  const gains = new Map<string, number>();
  columns.forEach(({ feature }, column) => {
    const gain = trees.reduce((sum, tree) => sum + tree.gains[column]!, 0);
    gains.set(feature, (gains.get(feature) ?? 0) + gain);
  });
  const total = [...gains.values()].reduce((sum, gain) => sum + gain, 0);
  const importance = Array.from(gains, ([feature, gain]) => ({ feature, gain: total > 0 ? gain / total : 0 }));
  importance.sort((a, b) => b.gain - a.gain);
  const nodes = trees.reduce((sum, tree) => sum + tree.column.length, 0);
  return { kind: 'FOREST', trees: trees.length, nodes, importance };
}
