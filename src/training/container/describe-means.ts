import { columnMeans } from '../../ml/explain/linear-sums.js';
import type { CompiledEvaluator } from '../../ml/onnx/compile.js';
import type { Batch } from '../../ml/schema/evaluator.js';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import { batchOf, type TrainingTable } from '../../ml/train/table.js';
import type { Manifest } from '../../models/artifact/manifest.js';

const BLOCK_ROWS = 4096;

/**
 * Where the explanations of a linear model start; nothing for trees.
 * @throws UnexplainableError for a model that is neither.
 */
export async function describeMeans(
  evaluator: CompiledEvaluator,
  train: TrainingTable,
  signal: AbortSignal,
): Promise<Pick<Manifest, 'columnMeans'>> {
  const means = await columnMeans(evaluator, blocksOf(train, signal));
  return means ? { columnMeans: [...means] } : {};
}

/** All rows, in blocks that let the event loop have its turn. */
export async function* blocksOf(table: TrainingTable, signal: AbortSignal): AsyncGenerator<Batch> {
  for (let from = 0; from < table.rows; from += BLOCK_ROWS) {
    yield batchOf(table, from, Math.min(from + BLOCK_ROWS, table.rows));
    await nextTurn();
    signal.throwIfAborted();
  }
}
