import { answerOnce } from '../../platform/process/answer-once.js';
import type { Comparison } from '../promotion-gate.js';
import { compareModels, type ComparisonOrder } from './compare-models.js';

/** What the process sends back: the comparison, or why there can be none. */
export type ComparisonAnswer = { readonly comparison: Comparison } | { readonly problem: string };

answerOnce(async (order: ComparisonOrder): Promise<ComparisonAnswer> => {
  try {
    return { comparison: await compareModels(order) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
});
