import { AppError } from '../../errors/app-error.js';
import { answerOnce, type Progress } from '../../platform/process/answer-once.js';
import { scoreFile, type ScoringOrder, type ScoringResult } from './score-file.js';

/** What the process answers. REFUSED is the fault of the data; the reason says what to do. */
export type ScoringAnswer =
  | { readonly kind: 'SCORED'; readonly result: ScoringResult }
  | { readonly kind: 'REFUSED'; readonly reason: string }
  | { readonly kind: 'FAILED'; readonly problem: string };

/** A sign of life at the same time: while the file is written there is no other. */
const PROGRESS_INTERVAL_MS = 500;

answerOnce(async (order: ScoringOrder, report: (progress: Progress) => void): Promise<ScoringAnswer> => {
  let progress: Progress = { done: 0, total: 0 };
  const timer = setInterval(() => {
    report(progress);
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
});
