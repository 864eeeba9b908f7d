import { evaluateMetrics } from '../../ml/metrics/evaluate.js';
import { compile } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import { TrainingDataError } from '../../ml/train/errors.js';
import type { Fold } from '../../ml/train/folds.js';
import { rungsOf } from '../../ml/train/search/halving.js';
import { samplingOrder } from '../../ml/train/search/subsample.js';
import { selectRows, type TrainingTable } from '../../ml/train/table.js';
import { type Algorithm, type FitOptions, TRAINERS } from '../../ml/train/trainer.js';
import { scoreTable } from '../../models/evaluation/score-table.js';
import { asCalibrated } from './calibrate.js';
import { assertTrainable, crossValidate, type FoldedRows } from './cross-validate.js';
import { type SplitTables, toEvaluation } from './evaluate-splits.js';

/** All metrics of a trial by name; null where one is undefined. */
export type TrialScores = Readonly<Record<string, number | null>>;

/** How trials are measured. The rows of lower rungs are samples of those of the last one. */
export interface TrialScoring {
  /** Rows to train on by rung, ascending. */
  readonly rungs: readonly number[];
  /** Trains a configuration on the rows of a rung and measures it. */
  score(algorithm: Algorithm, rung: number, options: FitOptions): Promise<TrialScores>;
}

/** Trains on the training rows and measures on the validation rows, like the version that a trial may become. */
export class ValidationScoring implements TrialScoring {
  readonly rungs: readonly number[];
  private readonly order: Int32Array;
  private sample?: { readonly rung: number; readonly table: TrainingTable };

  constructor(
    private readonly tables: Pick<SplitTables, 'train' | 'validation'>,
    private readonly seed: number,
  ) {
    this.rungs = rungsOf(tables.train.rows);
    this.order = samplingOrder(tables.train, seed);
  }

  async score(algorithm: Algorithm, rung: number, options: FitOptions): Promise<TrialScores> {
    const { validation } = this.tables;
    const { onnx } = await TRAINERS[algorithm].fit(this.rowsOf(rung), options);
    const scores = await scoreTable(compile(decodeModel(onnx)), validation, options.signal);
    const calibrated = asCalibrated(validation, scores, this.seed);
    return toEvaluation(evaluateMetrics(validation.target, calibrated)).scores;
  }

  private rowsOf(rung: number): TrainingTable {
    const { train } = this.tables;
    if (rung === this.rungs.length - 1) return train;
    // Only one sample at a time is kept: tasks come rung by rung.
    if (this.sample?.rung !== rung) {
      const rows = this.order.slice(0, this.rungs[rung]).sort();
      this.sample = { rung, table: selectRows(train, rows) };
    }
    return this.sample.table;
  }
}

/**
 * Measures the mean over folds, on the last rung the very one that the version's manifest will name. A fold is trained on
 * those of its rows that the rung's sample holds, and tested on all of the others.
 */
export class FoldScoring implements TrialScoring {
  readonly rungs: readonly number[];
  private readonly foldsByRung: readonly (readonly Fold[])[];

  /** @throws TrainingDataError if a fold can't be trained on. */
  constructor(
    private readonly rows: FoldedRows,
    seed: number,
  ) {
    const { learned, folds } = rows;
    assertTrainable(learned, folds);
    const order = samplingOrder(learned, seed);
    const rungs = rungsOf(learned.rows)
      .map((count) => ({ count, folds: count === learned.rows ? folds : sampled(folds, order, count) }))
      .filter(({ folds: sample }) => isTrainable(learned, sample));
    this.rungs = rungs.map(({ count }) => count);
    this.foldsByRung = rungs.map(({ folds: sample }) => sample);
  }

  async score(algorithm: Algorithm, rung: number, options: FitOptions): Promise<TrialScores> {
    const { metrics } = await crossValidate(algorithm, this.rows.learned, this.foldsByRung[rung]!, options);
    return Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, summary?.mean ?? null]));
  }
}

function sampled(folds: readonly Fold[], order: Int32Array, count: number): Fold[] {
  const isDrawn = new Uint8Array(order.length);
  for (const row of order.subarray(0, count)) isDrawn[row] = 1;
  return folds.map(({ train, test }) => ({ train: train.filter((row) => isDrawn[row] === 1), test }));
}

/** A sample may be too small for what all rows allow, such as a rare class that early folds have few rows of. */
function isTrainable(table: TrainingTable, folds: readonly Fold[]): boolean {
  try {
    assertTrainable(table, folds);
    return true;
  } catch (error) {
    if (error instanceof TrainingDataError) return false;
    throw error;
  }
}
