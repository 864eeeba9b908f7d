import { AppError } from '../../errors/app-error.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import { selectRows, type TrainingTable } from '../../ml/train/table.js';
import { OnnxRuntimeEvaluator } from '../../models/evaluation/onnx-runtime-evaluator.js';
import { scoreTable } from '../../models/evaluation/score-table.js';

const SAMPLE_ROWS = 1000;
const TOLERANCE = 1e-5;

/**
 * Compares the evaluator that will serve a model with ONNX Runtime on a sample of rows.
 * @returns the largest difference, relative for values above 1.
 * @throws AppError INTERNAL if it is above 1e-5: such a model must not be served.
 */
export async function checkParity(onnx: Uint8Array, evaluator: Evaluator, table: TrainingTable): Promise<number> {
  const rows = Int32Array.from({ length: Math.min(table.rows, SAMPLE_ROWS) }, (_, row) => row);
  const sample = selectRows(table, rows);
  const judge = await OnnxRuntimeEvaluator.create(onnx);
  try {
    const difference = largestDifference(await scoreTable(evaluator, sample), await scoreTable(judge, sample));
    if (difference <= TOLERANCE) return difference;
    throw new AppError(
      'INTERNAL',
      `The model gives other scores in the serving evaluator than in ONNX Runtime (difference ${difference.toExponential(1)}). It was not saved; please report this with the hyperparameters of the run.`,
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
