import { AppError } from '../../errors/app-error.js';
import { scoreFile, type ScoringOrder, type ScoringResult } from './score-file.js';

/** What the process sends. REFUSED is the fault of the data; the reason says what to do. */
export type ScoringMessage =
  | { readonly kind: 'PROGRESS'; readonly done: number; readonly total: number }
  | { readonly kind: 'SCORED'; readonly result: ScoringResult }
  | { readonly kind: 'REFUSED'; readonly reason: string }
  | { readonly kind: 'FAILED'; readonly problem: string };

/** A sign of life at the same time: while the file is written there is no other. */
const PROGRESS_INTERVAL_MS = 500;

process.once('disconnect', () => {
  process.exit(1); // Whoever wanted the answer is gone.
});
process.once('message', (order: ScoringOrder) => {
  void answer(order).then((message) => {
    process.send?.(message, undefined, undefined, () => {
      process.exit(0);
    });
  });
});

async function answer(order: ScoringOrder): Promise<ScoringMessage> {
  let progress = { done: 0, total: 0 };
  const timer = setInterval(() => {
    process.send?.({ kind: 'PROGRESS', ...progress } satisfies ScoringMessage);
  }, PROGRESS_INTERVAL_MS);
  try {
    const result = await scoreFile(order, (done, total) => (progress = { done, total }));
    return { kind: 'SCORED', result };
  } catch (error) {
    if (error instanceof AppError) return { kind: 'REFUSED', reason: error.message };
    return { kind: 'FAILED', problem: error instanceof Error ? error.message : String(error) };
  } finally {
    clearInterval(timer);
  }
}
