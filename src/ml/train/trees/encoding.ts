import type { GraphBuilder } from '../../onnx/graph-builder.js';
import { Random } from '../../statistics/random.js';
import { slotOf, type CategoricalFeature, type PreparedFeature } from '../features.js';
import type { Heartbeat } from '../heartbeat.js';
import type { Target, TrainingTable } from '../table.js';
import { binColumn, type BinnedColumn } from './bins.js';

/** More categories than this become numbers: trees can't test for membership in a set (ai.onnx.ml 3). */
const MAX_ONE_HOT = 8;
const FOLDS = 5;
/** Rows of the overall mean that are mixed into each category's own. */
const PRIOR_ROWS = 20;
/** Of many classes, the most frequent ones get a target mean each. */
const MAX_MEANS = 8;

/** One numeric input of the trees. */
export interface EncodedColumn {
  readonly feature: string;
  /** Makes them, float32 as the graph computes them on the training rows; NaN is missing. Nobody needs two at a time. */
  readonly values: () => Float32Array;
}

/** The columns of one feature and the nodes that compute them. */
export interface EncodedFeature {
  readonly columns: readonly EncodedColumn[];
  readonly addNodes: (graph: GraphBuilder) => string[];
}

/**
 * Makes numbers of all features, for trees. Numbers stay as they are, with NaN. Up to MAX_ONE_HOT categories become one
 * indicator each. More are replaced by the mean of the target in their rows, smoothed towards the overall mean
 * (Micci-Barreca 2001); in training a row's own fifth of the data doesn't count, so that a rare category can't reveal its
 * rows' targets. Cut-off and unseen categories share one number, their mean or else the overall one.
 */
export function encodeFeatures(
  table: TrainingTable,
  prepared: readonly PreparedFeature[],
  seed: number,
): EncodedFeature[] {
  const random = new Random(seed);
  const folds = Uint8Array.from({ length: table.rows }, () => random.below(FOLDS));
  const targets = meanTargets(table.target);
  return prepared
    .filter((feature) => feature.kind !== 'UNUSED')
    .map((feature): EncodedFeature => {
      const { name } = feature.column;
      if (feature.kind === 'NUMERIC') {
        const values = (): Float32Array => new Float32Array(feature.column.values);
        return { columns: [{ feature: name, values }], addNodes: () => [name] };
      }
      if (feature.categories.length <= MAX_ONE_HOT) return oneHot(table.rows, feature);
      return targetMeans(feature, targets, folds);
    });
}

/** The bins of all columns, in the order of the features. @throws TrainingCancelled */
export async function binColumns(features: readonly EncodedFeature[], heartbeat: Heartbeat): Promise<BinnedColumn[]> {
  const binned: BinnedColumn[] = [];
  for (const { values } of features.flatMap(({ columns }) => columns)) {
    binned.push(binColumn(values()));
    await heartbeat.beat();
  }
  return binned;
}

function oneHot(rows: number, feature: CategoricalFeature): EncodedFeature {
  const { name } = feature.column;
  const columns = feature.categories.map((_, slot) => ({
    feature: name,
    values: () => Float32Array.from({ length: rows }, (_none, row) => (slotOf(feature, row) === slot ? 1 : 0)),
  }));
  return { columns, addNodes: (graph) => [graph.oneHot(name, feature.categories)] };
}

/** What is averaged per category: the value, or 1 for rows of a class. Of two classes only the second matters. */
function meanTargets(target: Target): Float64Array[] {
  if (target.task === 'REGRESSION') return [target.values];
  const counts = target.classes.map(() => 0);
  for (const code of target.codes) counts[code]!++;
  const byFrequency = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, MAX_MEANS);
  const averaged = target.classes.length === 2 ? [1] : byFrequency.sort((a, b) => a - b);
  return averaged.map((code) => Float64Array.from(target.codes, (own) => (own === code ? 1 : 0)));
}

function targetMeans(feature: CategoricalFeature, targets: readonly Float64Array[], folds: Uint8Array): EncodedFeature {
  const { name } = feature.column;
  const { categories } = feature;
  const encoded = targets.map((target) => meansOf(feature, target, folds));
  return {
    columns: encoded.map(({ values }) => ({ feature: name, values: () => values })),
    addNodes: (graph) =>
      encoded.map(({ means }) => graph.labelEncode(name, categories, means.slice(0, -1), means.at(-1)!)),
  };
}

/** @returns means per slot and, last, of all other categories; and the out-of-fold mean for each row. */
function meansOf(feature: CategoricalFeature, target: Float64Array, folds: Uint8Array) {
  const size = feature.categories.length + 1;
  const slots = Int32Array.from(folds, (_, row) => {
    const slot = slotOf(feature, row);
    return slot < 0 ? size - 1 : slot;
  });
  // Row-major [FOLDS + 1, size]: the last row holds the sums over all folds.
  const sums = new Float64Array((FOLDS + 1) * size);
  const counts = new Float64Array((FOLDS + 1) * size);
  target.forEach((value, row) => {
    for (const fold of [folds[row]!, FOLDS]) {
      sums[fold * size + slots[row]!]! += value;
      counts[fold * size + slots[row]!]!++;
    }
  });
  /** Smoothed means over all rows outside one fold; FOLDS leaves none out. */
  const meansWithout = (fold: number): number[] => {
    const left = (all: Float64Array, slot: number): number =>
      all[FOLDS * size + slot]! - (fold < FOLDS ? all[fold * size + slot]! : 0);
    const slotNumbers = Array.from({ length: size }, (_, slot) => slot);
    const total = slotNumbers.reduce((sum, slot) => sum + left(sums, slot), 0);
    const rows = slotNumbers.reduce((sum, slot) => sum + left(counts, slot), 0);
    const prior = rows > 0 ? total / rows : 0;
    return slotNumbers.map((slot) =>
      Math.fround((left(sums, slot) + PRIOR_ROWS * prior) / (left(counts, slot) + PRIOR_ROWS)),
    );
  };
  const outOfFold = Array.from({ length: FOLDS }, (_, fold) => meansWithout(fold));
  const values = Float32Array.from(folds, (fold, row) => outOfFold[fold]![slots[row]!]!);
  return { means: meansWithout(FOLDS), values };
}
