import { defineTrainer, type FitContext } from '../algorithm.js';
import { prepareFeatures, signatureOf } from '../features.js';
import { encodeGraph } from '../graph.js';
import { MAX_CATEGORIES, type Hyperparameters } from '../hyperparameters.js';
import type { Target, TrainingTable } from '../table.js';
import { CLASS_BALANCE } from '../weights.js';
import { assembleEnsemble, type WriteLeaf } from '../trees/assemble.js';
import type { BinnedColumn } from '../trees/bins.js';
import type { ForestData } from './data.js';
import { binColumns, encodeFeatures } from '../trees/encoding.js';
import { growForest } from './pool.js';
import { weightedDraws } from './weighted-draws.js';
import { summariseForest } from '../trees/summary.js';

/**
 * Random forest on binned columns: bootstrap samples (a row's weight is its chance to be drawn), random columns at each node, averaged means or class shares.
 * Missing numbers go to the side of each split that suited them best in training. The limits on depth and leaf size keep
 * artifacts small at next to no cost in quality.
 */
export const randomForest = defineTrainer({
  tasks: ['REGRESSION', 'CLASSIFICATION'],
  hyperparameters: [
    { name: 'trees', type: 'INTEGER', min: 1, max: 2000, default: 100, description: 'Trees.' },
    {
      name: 'maxDepth',
      type: 'INTEGER',
      min: 1,
      max: 32,
      default: 14,
      description: 'Splits on the way to a leaf, at most.',
      search: { min: 4, max: 24, scale: 'LINEAR' },
    },
    {
      name: 'minLeaf',
      type: 'INTEGER',
      min: 1,
      max: 1_000_000,
      default: 5,
      description: 'Rows in a leaf, at least.',
      search: { min: 1, max: 50, scale: 'LOG' },
    },
    {
      name: 'maxFeatures',
      type: 'NUMBER',
      min: 1e-3,
      max: 1,
      default: null,
      description:
        'Share of the columns tried at each split. Unset: for classes the square root of their number, for numbers a third.',
      search: { min: 0.1, max: 1, scale: 'LINEAR' },
    },
    CLASS_BALANCE,
    MAX_CATEGORIES,
  ],
  train: fitRandomForest,
});

async function fitRandomForest({
  table,
  weights,
  hyperparameters,
  seed,
  threads,
  workerUrl,
  keptTrees,
  watch,
  heartbeat,
  warnings,
}: FitContext) {
  const prepared = prepareFeatures(table, hyperparameters.maxCategories!, warnings);
  const features = encodeFeatures(table, prepared, seed);
  await heartbeat.beat();
  const columns = await binColumns(features, heartbeat);
  const offset = table.target.task === 'REGRESSION' ? meanOf(table.target.values) : 0;
  const data = forestData(table, weights, columns, offset, hyperparameters, seed);
  const trees = await growForest(data, { trees: hyperparameters.trees!, threads, workerUrl, keptTrees, watch });

  const { target } = table;
  const onnx = encodeGraph('random-forest', target.task, prepared, (graph) => {
    const inputs = graph.concat(features.flatMap((feature) => feature.addNodes(graph)));
    if (target.task === 'REGRESSION')
      return graph.treeEnsembleRegressor(inputs, assembleEnsemble(trees, columns, 1, meanLeaf(trees.length, offset)));
    const classes = target.classes.length;
    const ensemble = assembleEnsemble(trees, columns, classes, shareLeaf(trees.length, classes));
    return graph.treeEnsembleClassifier(inputs, ensemble, target.classes);
  });
  return { onnx, signature: signatureOf(table, prepared), summary: summariseForest(trees, features) };
}

/** A tree's part of the average, for targets that were centred by `offset`. */
function meanLeaf(trees: number, offset: number): WriteLeaf {
  return (values, at, tree, node) => {
    values[at] = (tree.values[node]! + offset) / trees;
  };
}

/** A tree's part of the average shares; with two classes its single value is the share of the second. */
function shareLeaf(trees: number, classes: number): WriteLeaf {
  if (classes === 2) {
    return (values, at, tree, node) => {
      values[at] = (1 - tree.values[node]!) / trees;
      values[at + 1] = tree.values[node]! / trees;
    };
  }
  return (values, at, tree, node) => {
    for (let k = 0; k < classes; k++) values[at + k] = tree.values[node * classes + k]! / trees;
  };
}

function forestData(
  table: TrainingTable,
  weights: Float64Array | undefined,
  columns: readonly BinnedColumn[],
  offset: number,
  hyperparameters: Hyperparameters,
  seed: number,
): ForestData {
  const { target, rows } = table;
  const share = hyperparameters.maxFeatures ?? defaultShare(target, columns.length);
  return {
    kind: 'FOREST',
    rows,
    columns: columns.map(({ codes }) => codes),
    bins: columns.map(({ thresholds }) => thresholds.length + 1),
    target: sharedTarget(target, offset),
    outputs: target.task === 'CLASSIFICATION' && target.classes.length > 2 ? target.classes.length : 1,
    isTwoClasses: target.task === 'CLASSIFICATION' && target.classes.length === 2,
    draws: weights && weightedDraws(weights),
    seed,
    maxDepth: hyperparameters.maxDepth!,
    minLeaf: hyperparameters.minLeaf!,
    maxFeatures: Math.max(1, Math.round(share * columns.length)),
  };
}

function defaultShare(target: Target, columns: number): number {
  return target.task === 'REGRESSION' ? 1 / 3 : Math.sqrt(columns) / columns;
}

/** Numbers are centred, so that sums of squares keep their precision far from zero. */
function sharedTarget(target: Target, offset: number): Float64Array {
  const source = target.task === 'REGRESSION' ? target.values : target.codes;
  const shared = new Float64Array(new SharedArrayBuffer(8 * source.length));
  for (let row = 0; row < source.length; row++) shared[row] = source[row]! - offset;
  return shared;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
