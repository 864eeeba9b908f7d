import { isForGood } from '../errors/is-for-good.js';
import { toPublicError } from '../errors/public-error.js';
import type { JobContext } from '../platform/queue/job-handler.js';

/** Workers that may die on one row before the row is to blame. */
export const MAX_ATTEMPTS = 3;

const STOPPED = 'The worker was stopped during this training. If it does not begin again by itself, start it again.';

/** What follows from an error of a job. */
export interface JobFailure {
  readonly reason: string;
  /** Trying again would end the same way, or was tried too often. */
  readonly isFinal: boolean;
}

export function failureOf(error: unknown, { signal, isLastAttempt }: JobContext): JobFailure {
  const reason = signal.aborted ? STOPPED : toPublicError(error).message;
  return { reason, isFinal: isLastAttempt || (!signal.aborted && isForGood(error)) };
}
