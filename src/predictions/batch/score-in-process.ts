import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import { askProcess } from '../../platform/process/ask-process.js';
import type { ScoringOrder, ScoringResult } from './score-file.js';
import type { ScoringAnswer } from './score-process.js';

const PROGRAM = fileURLToPath(new URL('./score-process.js', import.meta.url));

/**
 * Scores a file in a process of its own, which the signal kills.
 * @param report is told now and then how many rows are done, of how many.
 * @throws AppError BAD_INPUT for data that do not suit the model, INTERNAL if the process ends without an answer.
 */
export async function scoreInProcess(
  order: ScoringOrder,
  signal: AbortSignal,
  report: (done: number, total: number) => void,
): Promise<ScoringResult> {
  const answer = await askProcess<ScoringAnswer>({
    program: PROGRAM,
    args: [order.folder],
    order,
    signal,
    report: ({ done, total }) => {
      report(done, total);
    },
    died,
  });
  if (answer.kind === 'REFUSED') throw new AppError('BAD_INPUT', answer.reason);
  if (answer.kind === 'FAILED') throw new Error(answer.problem);
  return answer.result;
}

function died(how: string): AppError {
  return new AppError(
    'INTERNAL',
    `The scoring ended without an answer (${how}), most likely because memory ran out. Give the worker more memory, or lower DUCKDB_MEMORY_LIMIT.`,
  );
}
