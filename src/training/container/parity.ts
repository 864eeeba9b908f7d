import { AppError } from '../../errors/app-error.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import { selectRows, type TrainingTable } from '../../ml/train/table.js';
import { OnnxRuntimeEvaluator } from '../../models/evaluation/onnx-runtime-evaluator.js';
import { scoreTable } from '../../models/evaluation/score-table.js';

const SAMPLE_ROWS = 1000;
const TOLERANCE = 1e-5;
/** Rounding error of one float32 addition, relative to the sum. */
const ROUNDING = 2 ** -24;

/**
 * Compares the evaluator that will serve a model with ONNX Runtime on a sample of rows.
 *
 * @param terms float32 numbers that are added up for one score, such as the trees of a forest. Above a few hundred, two
 *   orders of addition may differ by more than 1e-5, up to one rounding error a term.
 * @returns the largest difference, relative for values above 1.
 * @throws AppError INTERNAL if it is above 1e-5 and above what rounding explains: such a model must not be served.
 */
export async function checkParity(
  onnx: Uint8Array,
  evaluator: Evaluator,
  table: TrainingTable,
  terms: number,
): Promise<number> {
  const rows = Int32Array.from({ length: Math.min(table.rows, SAMPLE_ROWS) }, (_, row) => row);
  const sample = selectRows(table, rows);
  const judge = await OnnxRuntimeEvaluator.create(onnx);
  try {
    const difference = largestDifference(await scoreTable(evaluator, sample), await scoreTable(judge, sample));
    if (difference <= Math.max(TOLERANCE, terms * ROUNDING)) return difference;
    throw new AppError(
      'INTERNAL',
      `The model gives other scores in the serving evaluator than in ONNX Runtime (difference ${difference.toExponential(1)}). It was not saved; please report this with the model, or the hyperparameters of its run.`,
    );
  } finally {
    await judge.dispose();
  }
}

function largestDifference(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i]! - theirs[i]!) / Math.max(1, Math.abs(theirs[i]!));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}
