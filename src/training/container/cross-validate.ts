import { evaluateMetrics } from '../../ml/metrics/evaluate.js';
import { compile } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import { meanAndDeviation } from '../../ml/statistics/mean-and-deviation.js';
import { TrainingDataError } from '../../ml/train/errors.js';
import { type Fold, makeFolds } from '../../ml/train/folds.js';
import type { Split, SplitMethod } from '../../ml/train/split.js';
import { assertTargetVaries, selectRows, selectTarget, type TrainingTable } from '../../ml/train/table.js';
import { type FitOptions, TRAINERS } from '../../ml/train/trainer.js';
import type { Algorithm } from '../../models/algorithm.js';
import type { CrossValidation } from '../../models/artifact/manifest.js';
import { scoreTable } from '../../models/evaluation/score-table.js';
import { toEvaluation } from './evaluate-splits.js';
import type { TrainingOrder } from './order.js';
import { formatMetric, formatProgress, progressOfPart } from './progress-line.js';

interface Surroundings extends Pick<FitOptions, 'threads' | 'signal' | 'workerUrl'> {
  readonly print: (line: string) => void;
}

type FoldResult = CrossValidation['folds'][number];

/** All rows that are not held out, and how they are divided. */
export interface FoldedRows {
  readonly learned: TrainingTable;
  readonly folds: readonly Fold[];
}

/** Tries the folds that an order asks for. */
export async function validateFolds(
  { algorithm, seed, hyperparameters, spec }: TrainingOrder,
  table: TrainingTable,
  split: Split,
  { print, threads, signal, workerUrl }: Surroundings,
): Promise<CrossValidation | undefined> {
  if (spec.folds === undefined) return undefined;
  const { learned, folds } = foldRows(table, split, spec.split?.method ?? 'RANDOM', spec.folds);
  const onProgress: FitOptions['onProgress'] = (progress) => {
    print(formatProgress(progress));
  };
  const options = {
    hyperparameters,
    classWeights: spec.weights?.classes,
    seed,
    threads,
    signal,
    workerUrl,
    onProgress,
  };
  const result = await crossValidate(algorithm, learned, folds, options);
  for (const [name, summary] of Object.entries(result.metrics)) {
    if (summary) print(formatMetric('folds', name, summary.mean));
  }
  return result;
}

/** @throws TrainingDataError if there are too few rows for so many folds. */
export function foldRows(
  table: TrainingTable,
  { train, validation }: Split,
  method: SplitMethod,
  count: number,
): FoldedRows {
  const learned = selectRows(table, joined(train, validation));
  return { learned, folds: makeFolds(learned, method, count) };
}

function joined(first: Int32Array, second: Int32Array): Int32Array {
  const rows = new Int32Array(first.length + second.length);
  rows.set(first);
  rows.set(second, first.length);
  return rows.sort();
}

/**
 * Fits a model on the training rows of each fold and measures it on the others. One more part of the
 * progress is left for the model that is fitted on all training rows.
 * @throws what the trainer throws; TrainingDataError, before anything is fitted, if a fold can't be trained on.
 */
export async function crossValidate(
  algorithm: Algorithm,
  table: TrainingTable,
  folds: readonly Fold[],
  options: FitOptions,
): Promise<CrossValidation> {
  assertTrainable(table, folds);
  const results: FoldResult[] = [];
  for (const [index, fold] of folds.entries()) {
    const onProgress: FitOptions['onProgress'] = ({ done, total, message }) => {
      const line = { done, total, message: `fold ${index + 1} of ${folds.length}: ${message}` };
      options.onProgress?.(progressOfPart(line, index, folds.length + 1));
    };
    results.push(await tryFold(algorithm, table, fold, { ...options, onProgress }));
  }
  return { folds: results, metrics: summarise(results) };
}

async function tryFold(
  algorithm: Algorithm,
  table: TrainingTable,
  { train, test }: Fold,
  options: FitOptions,
): Promise<FoldResult> {
  const { onnx } = await TRAINERS[algorithm].fit(selectRows(table, train), options);
  const tested = selectRows(table, test);
  const scores = await scoreTable(compile(decodeModel(onnx)), tested, options.signal);
  const evaluation = toEvaluation(evaluateMetrics(tested.target, scores));
  return { trained: train.length, rows: evaluation.rows, scores: evaluation.scores };
}

/**
 * What hinders one fold would otherwise come up in the midst of the work.
 * @throws TrainingDataError that names the fold.
 */
export function assertTrainable({ target }: TrainingTable, folds: readonly Fold[]): void {
  for (const [index, { train }] of folds.entries()) {
    try {
      assertTargetVaries(selectTarget(target, train));
    } catch (error) {
      if (!(error instanceof TrainingDataError)) throw error;
      const name = `Fold ${index + 1} of ${folds.length}`;
      throw new TrainingDataError(
        error.reason,
        `${name} can't be trained on: ${error.message} Or ask for fewer folds.`,
      );
    }
  }
}

/** Over the folds in which a metric is defined. */
function summarise(folds: readonly FoldResult[]): CrossValidation['metrics'] {
  const names = Object.keys(folds[0]?.scores ?? {});
  const summaries = names.map((name) => {
    const values = folds.map(({ scores }) => scores[name] ?? null).filter((value) => value !== null);
    return [name, values.length === 0 ? null : meanAndDeviation(values)] as const;
  });
  return Object.fromEntries(summaries);
}
