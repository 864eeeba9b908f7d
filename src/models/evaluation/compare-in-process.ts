import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import type { ComparisonOrder } from './compare-models.js';
import type { ComparisonAnswer } from './comparison-process.js';

const PROGRAM = fileURLToPath(new URL('./comparison-process.js', import.meta.url));

/**
 * Compares two models in a process of its own: scoring and resampling take long, and a model may take memory.
 * @throws AppError INTERNAL if the process ends without an answer.
 */
export async function compareInProcess(order: ComparisonOrder, signal: AbortSignal): Promise<ComparisonAnswer> {
  const child = fork(PROGRAM, [], { serialization: 'advanced', signal, killSignal: 'SIGKILL' });
  try {
    const answered = once(child, 'message') as Promise<[ComparisonAnswer]>;
    const ended = once(child, 'exit').then(([code, killedBy]: (number | string | null)[]) => {
      throw new AppError(
        'INTERNAL',
        `The comparison of the models ended without an answer (${killedBy ?? `code ${code ?? 'unknown'}`}). Is there enough memory?`,
      );
    });
    child.send(order);
    const [answer] = await Promise.race([answered, ended]);
    ended.catch(() => undefined); // It exits after its answer.
    return answer;
  } finally {
    if (child.connected) child.disconnect();
  }
}
