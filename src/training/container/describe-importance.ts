import { permutationImportance, type PermutationOptions } from '../../ml/explain/permutation.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import type { TrainingTable } from '../../ml/train/table.js';
import type { Summary } from '../../ml/train/trainer.js';
import type { Importance } from '../../models/artifact/manifest.js';

/** Time for the importance of columns: long before it, a training has taken much longer. */
export const IMPORTANCE_LIMIT_MS = 30_000;

/**
 * The importance of the columns on the validation rows, the most important first.
 * @param summary of the training; undefined for a model that was trained elsewhere, of whose gains nobody knows.
 */
export async function describeImportance(
  evaluator: Evaluator,
  validation: TrainingTable,
  summary: Summary | undefined,
  options: PermutationOptions,
): Promise<Importance> {
  const { features, ...measured } = await permutationImportance(evaluator, validation, options);
  const gains =
    summary?.kind === 'FOREST' ? new Map(summary.importance.map(({ feature, gain }) => [feature, gain])) : undefined;
  const withGain = features.map((feature) => ({
    ...feature,
    gain: gains ? (gains.get(feature.feature) ?? 0) : null,
  }));
  withGain.sort((a, b) => (b.increase ?? -Infinity) - (a.increase ?? -Infinity));
  return { ...measured, features: withGain };
}
