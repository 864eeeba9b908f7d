import { setTimeout as delay } from 'node:timers/promises';
import type { JobStatus } from './backend/training-backend.js';

/** How often progress is written and a wish to cancel is looked for. */
const REPORT_INTERVAL_MS = 400;

/** Reports every now and then until the work ends, and once more then. @param report must not throw. */
export async function reportWhile<Result>(
  work: Promise<Result>,
  report: (isLast: boolean) => Promise<void>,
): Promise<Result> {
  const end = new AbortController();
  const reports = reportUntil(end.signal, report);
  try {
    return await work;
  } finally {
    end.abort();
    await reports;
  }
}

async function reportUntil(end: AbortSignal, report: (isLast: boolean) => Promise<void>): Promise<void> {
  for (let isLast = false; !isLast;) {
    await delay(REPORT_INTERVAL_MS, undefined, { signal: end }).catch(() => undefined);
    isLast = end.aborted;
    await report(isLast);
  }
}

/** What a run notes of what it costs. */
export function billingOf({ billing }: Pick<JobStatus, 'billing'>) {
  return billing && { billedSeconds: billing.seconds, cost: billing.cost ?? null };
}

/** What a row notes of the work on it. */
export function progressOf({ progress, log }: Pick<JobStatus, 'progress' | 'log'>) {
  return { log, ...(progress && { progress: progress.done / progress.total, message: progress.message }) };
}
