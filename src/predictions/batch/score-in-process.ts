import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import type { ScoringOrder, ScoringResult } from './score-file.js';
import type { ScoringMessage } from './score-process.js';

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
  signal.throwIfAborted();
  // The folder tells people who look at processes which batch this is.
  const child = fork(PROGRAM, [order.folder], { serialization: 'advanced', signal, killSignal: 'SIGKILL' });
  child.on('error', () => undefined); // Of an abort; what ended the process is told by its exit.
  try {
    const answered = answerOf(child, report);
    const ended = once(child, 'exit').then(([code, killedBy]: (number | string | null)[]) => {
      signal.throwIfAborted();
      throw new AppError(
        'INTERNAL',
        `The scoring ended without an answer (${killedBy ?? `code ${code ?? 'unknown'}`}), most likely because memory ran out. Give the worker more memory, or lower DUCKDB_MEMORY_LIMIT.`,
      );
    });
    child.send(order);
    const result = await Promise.race([answered, ended]);
    ended.catch(() => undefined); // It exits after its answer.
    return result;
  } finally {
    if (child.connected) child.disconnect();
  }
}

function answerOf(child: ChildProcess, report: (done: number, total: number) => void): Promise<ScoringResult> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: ScoringMessage) => {
      switch (message.kind) {
        case 'PROGRESS':
          report(message.done, message.total);
          return;
        case 'SCORED':
          resolve(message.result);
          return;
        case 'REFUSED':
          reject(new AppError('BAD_INPUT', message.reason));
          return;
        case 'FAILED':
          reject(new Error(message.problem));
      }
    });
  });
}
