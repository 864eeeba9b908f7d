import { Random } from '../../statistics/random.js';
import { defineTrainer, type FitContext } from '../algorithm.js';
import { prepareFeatures, signatureOf } from '../features.js';
import { encodeGraph } from '../graph.js';
import { type HyperparameterSpec, MAX_CATEGORIES } from '../hyperparameters.js';
import type { TrainingTable } from '../table.js';
import { assembleEnsemble, type WriteLeaf } from '../trees/assemble.js';
import { type BinnedColumn, MISSING } from '../trees/bins.js';
import { binColumns, encodeFeatures } from '../trees/encoding.js';
import { summariseForest } from '../trees/summary.js';
import { CLASS_BALANCE } from '../weights.js';
import { boost, type Boosted } from './boost.js';
import { allocate, type SharedState, viewsOf } from './shared-state.js';

/** Stream number of the random sequence that chooses validation rows, apart from that of encodings. */
const VALIDATION_STREAM = 0xb005;
/** Fewer validation rows than this say too little about when to stop: all rows are trained on instead. */
const MIN_VALIDATION_ROWS = 100;

const HYPERPARAMETERS: readonly HyperparameterSpec[] = [
  { name: 'rounds', type: 'INTEGER', min: 1, max: 5000, default: 300, description: 'Rounds of boosting, at most.' },
  {
    name: 'learningRate',
    type: 'NUMBER',
    min: 1e-3,
    max: 1,
    default: 0.1,
    description: 'How much of each tree counts: lower needs more rounds, and generalises better.',
    search: { min: 0.03, max: 0.3, scale: 'LOG' },
  },
  {
    name: 'maxLeaves',
    type: 'INTEGER',
    min: 2,
    max: 255,
    default: 31,
    description: 'Leaves of a tree, at most.',
    search: { min: 4, max: 127, scale: 'LOG' },
  },
  {
    name: 'maxDepth',
    type: 'INTEGER',
    min: 1,
    max: 32,
    default: 16,
    description: 'Splits on the way to a leaf, at most.',
  },
  {
    name: 'minLeaf',
    type: 'INTEGER',
    min: 1,
    max: 1_000_000,
    default: 20,
    description: 'Rows in a leaf, at least.',
    search: { min: 3, max: 200, scale: 'LOG' },
  },
  {
    name: 'l2',
    type: 'NUMBER',
    min: 0,
    max: 1e6,
    default: 1,
    description: 'L2 penalty on the scores of leaves.',
    search: { min: 0.01, max: 100, scale: 'LOG' },
  },
  {
    name: 'validationShare',
    type: 'NUMBER',
    min: 0,
    max: 0.5,
    default: 0.1,
    description: 'Share of the training rows that decides when to stop; 0 runs all rounds.',
  },
  {
    name: 'patience',
    type: 'INTEGER',
    min: 1,
    max: 1000,
    default: 20,
    description: 'Rounds without improvement on those rows before it stops.',
  },
  CLASS_BALANCE,
  MAX_CATEGORIES,
];

/** Gradient boosting of regression trees on binned columns, with early stopping. */
export const gradientBoosting = defineTrainer({
  tasks: ['REGRESSION', 'CLASSIFICATION'],
  hyperparameters: HYPERPARAMETERS,
  train: fitGradientBoosting,
});

async function fitGradientBoosting({
  table,
  weights,
  hyperparameters,
  seed,
  threads,
  workerUrl,
  keptTrees,
  heartbeat,
  warnings,
}: FitContext) {
  const setting = (name: string): number => hyperparameters[name]!;
  const prepared = prepareFeatures(table, setting('maxCategories'), warnings);
  const features = encodeFeatures(table, prepared, seed);
  await heartbeat.beat();
  const columns = await binColumns(features, heartbeat);
  const { train, validation } = divide(table.rows, setting('validationShare'), seed);
  const state = shareRows(table, weights, columns, train, { leaves: setting('maxLeaves'), threads });
  const boosted = await boost(state, {
    rounds: setting('rounds'),
    learningRate: setting('learningRate'),
    leaves: setting('maxLeaves'),
    depth: setting('maxDepth'),
    minLeaf: setting('minLeaf'),
    l2: setting('l2'),
    patience: setting('patience'),
    validation,
    heartbeat,
    keptTrees,
    workerUrl,
  });
  const { target } = table;
  const onnx = encodeGraph('gradient-boosting', target.task, prepared, (graph) => {
    const inputs = graph.concat(features.flatMap((feature) => feature.addNodes(graph)));
    if (target.task === 'REGRESSION') {
      return graph.treeEnsembleRegressor(inputs, assembleEnsemble(boosted.trees, columns, 1, scoreLeaf(boosted, 1)));
    }
    const width = target.classes.length;
    const ensemble = assembleEnsemble(boosted.trees, columns, width, scoreLeaf(boosted, width));
    return graph.treeEnsembleClassifier(inputs, ensemble, target.classes, 'SOFTMAX');
  });
  return { onnx, signature: signatureOf(table, prepared), summary: summariseForest(boosted.trees, features) };
}

/** Puts what trees are grown on into memory that all threads share. */
function shareRows(
  { rows, target }: TrainingTable,
  weights: Float64Array | undefined,
  columns: readonly BinnedColumn[],
  train: Uint32Array,
  { leaves, threads }: { readonly leaves: number; readonly threads: number },
): SharedState {
  const classes = target.task === 'REGRESSION' ? 1 : target.classes.length;
  const state = allocate({
    rows,
    trainRows: train.length,
    bins: columns.map(({ thresholds }) => thresholds.length + 1),
    loss: target.task === 'REGRESSION' ? 'SQUARED_ERROR' : classes === 2 ? 'LOG_LOSS' : 'SOFTMAX',
    outputs: classes > 2 ? classes : 1,
    weighted: weights !== undefined,
    leaves,
    threads,
  });
  const views = viewsOf(state);
  views.train.set(train);
  if (weights) views.weights?.set(weights);
  views.truth.set(target.task === 'REGRESSION' ? target.values : target.codes);
  columns.forEach(({ codes, thresholds }, column) => {
    const ofColumn = views.columns[column]!;
    for (let row = 0, at = column; row < rows; row++, at += columns.length) {
      const code = codes[row] === MISSING ? thresholds.length + 1 : codes[row]!;
      ofColumn[row] = code;
      views.codes[at] = code;
    }
  });
  return state;
}

/** Rows to train on and rows that decide when to stop, drawn at random. */
function divide(rows: number, share: number, seed: number): { train: Uint32Array; validation: Uint32Array } {
  const random = new Random(seed, VALIDATION_STREAM);
  const isValidation = Uint8Array.from({ length: rows }, () => (random.uniform() < share ? 1 : 0));
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  const validation = all.filter((row) => isValidation[row] === 1);
  if (validation.length < MIN_VALIDATION_ROWS) return { train: all, validation: new Uint32Array() };
  return { train: all.filter((row) => isValidation[row] === 0), validation };
}

/**
 * The constant goes into the leaves of each output's first tree: base values of ensembles are read differently by
 * different runtimes. The single score s of two classes becomes the pair (−s/2, s/2), of which softmax is the logistic
 * function.
 */
function scoreLeaf({ base }: Boosted, width: number): WriteLeaf {
  const outputs = base.length;
  return (values, at, tree, node, index) => {
    const output = index % outputs;
    const score = tree.values[node]! + (index < outputs ? base[output]! : 0);
    if (outputs === 1 && width === 2) {
      values[at] = -score / 2;
      values[at + 1] = score / 2;
    } else {
      values[at + output] = score;
    }
  };
}
