import { compareModels, type ComparisonOrder } from './compare-models.js';
import type { Comparison } from '../promotion-gate.js';

/** What the process sends back: the comparison, or why there can be none. */
export type ComparisonAnswer = { readonly comparison: Comparison } | { readonly problem: string };

process.once('disconnect', () => {
  process.exit(1); // Whoever wanted the answer is gone.
});
process.once('message', (order: ComparisonOrder) => {
  void answer(order).then((message) => {
    process.send?.(message, undefined, undefined, () => {
      process.exit(0);
    });
  });
});

async function answer(order: ComparisonOrder): Promise<ComparisonAnswer> {
  try {
    return { comparison: await compareModels(order) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
