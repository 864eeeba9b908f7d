import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { AppError } from '../../errors/app-error.js';
import type { ProcessMessage, Progress } from './answer-once.js';

export interface Question {
  /** Compiled file that calls `answerOnce`. */
  readonly program: string;
  /** Seen by people who look at processes. */
  readonly args?: readonly string[];
  /** Whatever the structured clone algorithm takes. */
  readonly order: object;
  /** Kills the process. */
  readonly signal: AbortSignal;
  readonly report?: (progress: Progress) => void;
  /** @param how it ended: a signal or an exit code. */
  readonly died: (how: string) => AppError;
}

/**
 * Has work done by a process of its own: what takes long holds nobody up, and what takes too much memory ends alone.
 * @throws the signal's reason once it is aborted, and what `died` makes of an end without an answer.
 */
export async function askProcess<Answer>(question: Question): Promise<Answer> {
  const { program, args = [], order, signal, report, died } = question;
  signal.throwIfAborted();
  const child = fork(program, args, { serialization: 'advanced', signal, killSignal: 'SIGKILL' });
  child.on('error', () => undefined); // Of an abort, or of an order that found it dead; its exit tells what ended it.
  try {
    const ended = once(child, 'exit').then(([code, killedBy]: (number | string | null)[]) => {
      signal.throwIfAborted();
      throw died(String(killedBy ?? `code ${code ?? 'unknown'}`));
    });
    child.send(order);
    const answer = await Promise.race([answerOf<Answer>(child, report), ended]);
    ended.catch(() => undefined); // It exits after its answer.
    return answer;
  } finally {
    if (child.connected) child.disconnect();
  }
}

function answerOf<Answer>(child: ChildProcess, report?: (progress: Progress) => void): Promise<Answer> {
  return new Promise((resolve) => {
    child.on('message', (message: ProcessMessage<Answer>) => {
      if ('answer' in message) resolve(message.answer);
      else report?.(message.progress);
    });
  });
}
