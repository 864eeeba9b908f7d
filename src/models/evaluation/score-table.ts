import { setImmediate } from 'node:timers/promises';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import { batchOf, type TrainingTable } from '../../ml/train/table.js';

const BLOCK_ROWS = 8192;

/**
 * Scores of all rows, row-major [rows, evaluator.width], with gaps for the event loop in between.
 * @throws the signal's reason once it is aborted.
 */
export async function scoreTable(
  evaluator: Evaluator,
  table: TrainingTable,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const scores = new Float32Array(table.rows * evaluator.width);
  for (let from = 0; from < table.rows; from += BLOCK_ROWS) {
    const block = await evaluator.evaluate(batchOf(table, from, Math.min(from + BLOCK_ROWS, table.rows)));
    scores.set(block.values, from * evaluator.width);
    await setImmediate();
    signal?.throwIfAborted();
  }
  return scores;
}
