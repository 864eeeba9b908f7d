import { columnMeans } from '../../ml/explain/linear-sums.js';
import { permutationImportance } from '../../ml/explain/permutation.js';
import type { CompiledEvaluator } from '../../ml/onnx/compile.js';
import type { Batch } from '../../ml/schema/evaluator.js';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import { batchOf, type TrainingTable } from '../../ml/train/table.js';
import type { Summary } from '../../ml/train/trainer.js';
import type { Manifest } from '../../models/artifact/manifest.js';
import type { SplitTables } from './evaluate-splits.js';

/** Time for the importance of columns: long before it, a training has taken much longer. */
const LIMIT_MS = 30_000;
const BLOCK_ROWS = 4096;

export interface ImportanceOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** What explains the model: the importance of its columns on the validation rows, and where its explanations start. */
export async function describeImportance(
  evaluator: CompiledEvaluator,
  { train, validation }: SplitTables,
  summary: Summary,
  { seed, signal }: ImportanceOptions,
): Promise<Pick<Manifest, 'importance' | 'columnMeans'>> {
  const means = await columnMeans(evaluator, blocksOf(train, signal));
  const { features, ...measured } = await permutationImportance(evaluator, validation, {
    seed,
    signal,
    limitMs: LIMIT_MS,
  });
  const gains = new Map(
    summary.kind === 'FOREST' ? summary.importance.map(({ feature, gain }) => [feature, gain]) : [],
  );
  const withGain = features.map((feature) => {
    const gain = summary.kind === 'FOREST' ? (gains.get(feature.feature) ?? 0) : null;
    return { ...feature, gain };
  });
  withGain.sort((a, b) => (b.increase ?? -Infinity) - (a.increase ?? -Infinity));
  return { importance: { ...measured, features: withGain }, ...(means && { columnMeans: [...means] }) };
}

async function* blocksOf(table: TrainingTable, signal: AbortSignal): AsyncGenerator<Batch> {
  for (let from = 0; from < table.rows; from += BLOCK_ROWS) {
    yield batchOf(table, from, Math.min(from + BLOCK_ROWS, table.rows));
    await nextTurn();
    signal.throwIfAborted();
  }
}
