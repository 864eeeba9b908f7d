import { type MetricName, primaryMetric, rowLosses } from '../metrics/evaluate.js';
import type { Batch, Evaluator } from '../schema/evaluator.js';
import { nextTurn } from '../statistics/next-turn.js';
import { meanAndDeviation } from '../statistics/mean-and-deviation.js';
import { Random } from '../statistics/random.js';
import { batchOf, selectRows, type Target, type TrainingTable } from '../train/table.js';

/** How much worse the model gets when a column says nothing any more. */
export interface ColumnImportance {
  readonly feature: string;
  /** Mean rise of the metric over the repeats; null for a column that there was not time enough for. */
  readonly increase: number | null;
  /** Standard deviation over the repeats; null for a single one. */
  readonly deviation: number | null;
}

export interface PermutationImportance {
  /** The metric of the task that is lower for better models: rmse or logLoss. */
  readonly metric: MetricName;
  /** With all columns intact, on the same rows. */
  readonly intact: number;
  readonly rows: number;
  readonly repeats: number;
  /** In the order of the table. */
  readonly features: readonly ColumnImportance[];
}

export interface PermutationOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** A column that is not done after so many milliseconds, or not begun, stays without a figure. */
  readonly limitMs: number;
}

const MAX_ROWS = 4096;
const MIN_ROWS = 100;
const MAX_REPEATS = 5;
/** Rows evaluated in all, at most, unless the columns are too many for MIN_ROWS each. */
const MAX_EVALUATIONS = 2_000_000;
const BLOCK_ROWS = 512;
/** Stream number of the random sequence, apart from those of trainers under the same seed. */
const STREAM = 0x1a9b;

/**
 * Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019): the rise of the loss when the values of a
 * column are shuffled among the rows. Give it rows that the model was not trained on. Rows, repeats and shuffles depend on
 * the seed and the size of the table only; columns that carry the same information hide each other's importance.
 *
 * @throws the signal's reason once it is aborted, within a block of rows.
 */
export async function permutationImportance(
  evaluator: Evaluator,
  table: TrainingTable,
  { seed, signal, limitMs }: PermutationOptions,
): Promise<PermutationImportance> {
  const began = performance.now();
  const columns = table.features.length;
  const rows = Math.min(table.rows, MAX_ROWS, Math.max(MIN_ROWS, Math.floor(MAX_EVALUATIONS / columns)));
  const repeats = Math.max(1, Math.min(MAX_REPEATS, Math.floor(MAX_EVALUATIONS / (rows * columns))));
  const sample = selectRows(table, draw(table.rows, new Random(seed, STREAM)).slice(0, rows).sort());
  const isLate = (): boolean => performance.now() - began > limitMs;
  const batch = batchOf(sample);
  const intact = lossOf(sample.target, (await scoresOf(evaluator, batch, () => false, signal))!);
  const features: ColumnImportance[] = [];
  for (const [column, { name: feature }] of sample.features.entries()) {
    const increases: number[] = [];
    for (let repeat = 0; repeat < repeats && !isLate(); repeat++) {
      const order = draw(rows, new Random(seed, STREAM + 1 + column * MAX_REPEATS + repeat));
      const scores = await scoresOf(evaluator, shuffled(batch, column, order), isLate, signal);
      if (scores) increases.push(lossOf(sample.target, scores) - intact);
    }
    // Of fewer repeats than are said it would be another figure.
    const isDone = increases.length === repeats;
    features.push({ feature, ...(isDone ? increaseOf(increases) : { increase: null, deviation: null }) });
  }
  return { metric: primaryMetric(sample.target.task).name, intact, rows, repeats, features };
}

/** All row numbers in random order (Fisher–Yates). */
function draw(rows: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  for (let i = rows - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function shuffled(batch: Batch, column: number, order: Int32Array): Batch {
  const values = batch.columns[column]!;
  const moved = Array.isArray(values)
    ? Array.from(order, (row) => (values as readonly string[])[row]!)
    : Float32Array.from(order, (row) => (values as Float32Array)[row]!);
  return { rows: batch.rows, columns: batch.columns.with(column, moved) };
}

/** Undefined if it is late between two blocks. */
async function scoresOf(
  evaluator: Evaluator,
  { rows, columns }: Batch,
  isLate: () => boolean,
  signal?: AbortSignal,
): Promise<Float32Array | undefined> {
  const scores = new Float32Array(rows * evaluator.width);
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const to = Math.min(rows, from + BLOCK_ROWS);
    const block = { rows: to - from, columns: columns.map((column) => column.slice(from, to)) };
    scores.set((await evaluator.evaluate(block)).values, from * evaluator.width);
    await nextTurn();
    signal?.throwIfAborted();
    if (isLate()) return undefined;
  }
  return scores;
}

function lossOf(target: Target, scores: Float32Array): number {
  const losses = rowLosses(target, scores);
  const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length;
  return target.task === 'REGRESSION' ? Math.sqrt(mean) : mean;
}

function increaseOf(increases: readonly number[]): Pick<ColumnImportance, 'increase' | 'deviation'> {
  const { mean, deviation } = meanAndDeviation(increases);
  return { increase: mean, deviation };
}
