import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import { askProcess } from '../../platform/process/ask-process.js';
import type { ComparisonOrder } from './compare-models.js';
import type { ComparisonAnswer } from './comparison-process.js';

const PROGRAM = fileURLToPath(new URL('./comparison-process.js', import.meta.url));

/**
 * Compares two models in a process of its own: scoring and resampling take long, and a model may take memory.
 * @throws AppError INTERNAL if the process ends without an answer.
 */
export function compareInProcess(order: ComparisonOrder, signal: AbortSignal): Promise<ComparisonAnswer> {
  return askProcess({ program: PROGRAM, order, signal, died });
}

function died(how: string): AppError {
  return new AppError(
    'INTERNAL',
    `The comparison of the models ended without an answer (${how}). Is there enough memory?`,
  );
}
