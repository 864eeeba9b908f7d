/**
 * The name of a run's nth job. There is no idempotency token, and names are unique for ever within an account and
 * region: a name that is derived from the run is found again after a lost answer and by the next worker.
 * @param attempt from 1; another job is started only where the one before ended for want of machines.
 */
export function jobNameOf(runId: string, attempt: number): string {
  return `boucle-${runId}-${attempt}`;
}

/** The tag by which a job is known to be a run's. */
export const RUN_TAG = 'boucle:run';
