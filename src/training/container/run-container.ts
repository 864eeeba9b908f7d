import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import { leakageWarnings } from '../../ml/train/leakage.js';
import { decideSplit, type Split, splitRows, type SplitRule } from '../../ml/train/split.js';
import type { TrainingTable } from '../../ml/train/table.js';
import { type FittedModel, TRAINERS } from '../../ml/train/trainer.js';
import type { KeptTrees } from '../../ml/train/trees/kept-trees.js';
import { AppError } from '../../errors/app-error.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import {
  type Evaluations,
  type Manifest,
  MANIFEST_FILE,
  manifestSchema,
  ONNX_FILE,
  REFERENCE_FILE,
} from '../../models/artifact/manifest.js';
import { readTable } from '../../models/evaluation/read-table.js';
import { programVersion } from '../../platform/program-version.js';
import { calibrate, type CalibratedModel, describeCalibration } from './calibrate.js';
import { Checkpoints, growsTrees } from './checkpoints.js';
import { validateFolds } from './cross-validate.js';
import { describeImportance, IMPORTANCE_LIMIT_MS } from './describe-importance.js';
import { describeMeans } from './describe-means.js';
import { describeQuality } from './describe-quality.js';
import { evaluateSplits, type SplitTables, tablesOf } from './evaluate-splits.js';
import { type Layout } from './layout.js';
import { readOrder, type TrainingOrder } from './order.js';
import { checkParity } from './parity.js';
import { formatMetric, formatProgress, progressOfPart } from './progress-line.js';
import { writeReferenceSample } from './reference.js';
import { writeManifest } from './write-manifest.js';

export interface ContainerOptions {
  readonly threads: number;
  readonly memoryLimit: string;
  readonly signal: AbortSignal;
  /** Takes the lines that tell people and platforms what is going on. */
  readonly print: (line: string) => void;
  /** The platform keeps checkpoints for another attempt at the same order. */
  readonly keepsCheckpoints?: boolean;
  /** See FitOptions. */
  readonly workerUrl?: URL;
}

/**
 * One training on the container layout: reads order and data below the root, fits, evaluates, and writes the model
 * folder. The manifest comes last and under its name only when complete, so a model folder with a manifest is whole.
 *
 * @throws AppError, TrainingDataError or HyperparameterError for what a person can mend, TrainingCancelled or the
 *   signal's reason after a stop.
 */
export async function runContainer(layout: Layout, options: ContainerOptions): Promise<void> {
  await rm(join(layout.model, MANIFEST_FILE), { force: true });
  await mkdir(layout.model, { recursive: true });
  const order = await readOrder(layout);
  const { memoryLimit, threads } = options;
  const session = await DuckDbSession.open({ folder: layout.root, memoryLimit, threads });
  try {
    const { tables, rule, crossValidation } = await prepareRows(session, layout, order, options);
    const fitted = await fitWithCheckpoints(layout, order, tables.train, options);
    const calibrated = await calibrate(fitted, tables, order.seed, options);
    await writeFile(join(layout.model, ONNX_FILE), calibrated.onnx);
    const described = await describe(order, { ...fitted, ...calibrated }, tables, rule, options);
    const manifest = { ...described, crossValidation };
    await writeReferenceSample(session, tables.train, order.seed, join(layout.model, REFERENCE_FILE));
    await writeManifest(layout.model, manifest);
    options.print(`wrote ${ONNX_FILE} (${calibrated.onnx.length} bytes) and ${MANIFEST_FILE}`);
  } finally {
    session.close();
    await rm(join(layout.root, 'spill'), { recursive: true, force: true });
  }
}

/** The parts of the data, once the cross-validation is done: it needs all rows that are not held out in one table. */
async function prepareRows(session: DuckDbSession, layout: Layout, order: TrainingOrder, options: ContainerOptions) {
  const { table, split, rule } = await readSplits(session, layout, order, options);
  const crossValidation = await validateFolds(order, table, split, options);
  return { tables: tablesOf(table, split), rule, crossValidation };
}

export async function readSplits(
  session: DuckDbSession,
  layout: Layout,
  { spec }: Pick<TrainingOrder, 'spec'>,
  { print, signal }: ContainerOptions,
): Promise<{ table: TrainingTable; split: Split; rule: SplitRule }> {
  print(formatProgress({ done: 0, total: 1, message: 'reading the data' }));
  const files = await readdir(layout.training).catch(() => []);
  if (!files.some((file) => file.endsWith('.parquet'))) {
    throw new AppError('BAD_INPUT', `There is no Parquet file in ${layout.training}. Put the training data there.`);
  }
  const table = await readTable(session, join(layout.training, '*.parquet'), spec, signal).catch(explainDuckDb);
  const rule = decideSplit(table, spec.split?.method ?? 'RANDOM');
  const split = splitRows(table, rule);
  const { train, validation, holdout } = split;
  print(`${table.rows} rows: ${train.length} to train, ${validation.length} to validate, ${holdout.length} held out`);
  return { table, split, rule };
}

/** DuckDB's own errors are plain ones: they can only mean that the files are no Parquet, or damaged. */
function explainDuckDb(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'Error') throw error;
  const message =
    'The training data cannot be read: the snapshot is damaged or no Parquet file. Extract the dataset again.';
  throw new AppError('BAD_INPUT', message, undefined, { cause: error });
}

async function fitWithCheckpoints(
  layout: Layout,
  order: TrainingOrder,
  table: TrainingTable,
  options: ContainerOptions,
): Promise<FittedModel> {
  if (!options.keepsCheckpoints || !growsTrees(order.algorithm)) return fit(order, table, options);
  const checkpoints = await Checkpoints.open(layout.checkpoints, order, options.print);
  try {
    return await fit(order, table, options, checkpoints);
  } finally {
    await checkpoints.close();
  }
}

async function fit(
  { algorithm, seed, hyperparameters, spec: { folds = 0, weights } }: TrainingOrder,
  table: TrainingTable,
  { print, signal, threads, workerUrl }: ContainerOptions,
  keptTrees?: KeptTrees,
): Promise<FittedModel> {
  const started = performance.now();
  const fitted = await TRAINERS[algorithm].fit(table, {
    hyperparameters,
    classWeights: weights?.classes,
    seed,
    threads,
    signal,
    workerUrl,
    keptTrees,
    onProgress: (progress) => {
      print(formatProgress(progressOfPart(progress, folds, folds + 1)));
      if (progress.loss !== undefined) print(formatMetric('train', 'loss', progress.loss));
    },
  });
  const warnings = [...fitted.warnings, ...leakageWarnings(table)];
  for (const { message } of warnings) print(`warning: ${message}`);
  print(`${algorithm} fitted in ${((performance.now() - started) / 1000).toFixed(2)} s`);
  return { ...fitted, warnings };
}

async function describe(
  order: TrainingOrder,
  fitted: FittedModel & CalibratedModel,
  tables: SplitTables,
  split: SplitRule,
  { print, signal }: ContainerOptions,
): Promise<Omit<Manifest, 'files'>> {
  print(formatProgress({ done: 1, total: 1, message: 'evaluating' }));
  const evaluator = compile(decodeModel(fitted.onnx));
  const results = await evaluateSplits(evaluator, tables, signal, fitted.validationScores);
  printMetrics(results.metrics, print);
  const difference = await checkParity(fitted.onnx, evaluator, fitted.comparable, termsOf(fitted));
  print(`largest difference from ONNX Runtime: ${difference.toExponential(1)}`);
  return manifestSchema.omit({ files: true }).parse({
    format: 1,
    algorithm: order.algorithm,
    signature: fitted.signature,
    hyperparameters: fitted.hyperparameters,
    seed: order.seed,
    trainer: Object.values(await programVersion()).join(' '),
    dataset: order.spec.dataset,
    split,
    weights: order.spec.weights,
    weightedMetrics: results.weighted,
    ...(await describeQuality(results, tables, fitted.signature, order.seed, signal)),
    calibration: describeCalibration(fitted, tables.holdout, results.holdoutScores),
    ...(await describeMeans(evaluator, tables.train, signal)),
    importance: await describeImportance(evaluator, tables.validation, fitted.summary, {
      seed: order.seed,
      signal,
      limitMs: IMPORTANCE_LIMIT_MS,
    }),
    summary: fitted.summary,
    warnings: fitted.warnings,
  });
}

function termsOf({ summary }: FittedModel): number {
  return summary.kind === 'FOREST' ? summary.trees : summary.coefficients.length;
}

function printMetrics(metrics: Evaluations, print: (line: string) => void): void {
  for (const [split, { scores }] of Object.entries(metrics)) {
    for (const [name, value] of Object.entries(scores)) if (value !== null) print(formatMetric(split, name, value));
  }
}
