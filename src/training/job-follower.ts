import { Injectable, Logger } from '@nestjs/common';
import type { BackendName } from '../models/training-backend-name.js';
import type { Lease } from '../platform/database/leased-rows.js';
import type { JobContext } from '../platform/queue/job-handler.js';
import type { Billing, JobOutcome, JobStatus, TrainingBackend, TrainingJob } from './backend/training-backend.js';
import { TrainingBackends } from './backend/training-backends.js';
import type { TrialLine } from './container/trial-line.js';
import { failureOf } from './job-failure.js';
import { billingOf, progressOf, reportWhile } from './report-while.js';

/** Rows whose work is a backend's: runs and experiments. */
export interface RowsAtWork {
  /** A row that somebody wants cancelled; undefined for any other. */
  cancelling(id: string): Promise<{ readonly backend: BackendName } | undefined>;
  /** Ends a cancellation whose worker died before it could. @param changes what else to note. */
  endCancellation(id: string, changes: object): Promise<void>;
  /** Gives the state of the row, undefined if the lease is lost. */
  report(held: Lease, changes: object): Promise<string | undefined>;
  handBack(held: Lease, message: string): Promise<void>;
  fail(held: Lease, failure: string): Promise<void>;
}

/** What a worker does about its job. */
export interface Following<Result> {
  /** The state of a row whose job is to go on. */
  readonly working: string;
  /**
   * Writes what is new of the job.
   * @param trials those that were not written yet.
   * @returns the state of the row, undefined if another worker has it now.
   */
  readonly note: (changes: object, trials: readonly TrialLine[]) => Promise<string | undefined>;
  /** What the job left is there until this has ended. */
  readonly conclude: (outcome: JobOutcome) => Promise<Result>;
}

/** Sees the jobs of runs and experiments through, so that no job and no object is left behind. */
@Injectable()
export class JobFollower {
  private readonly logger = new Logger('Training');

  constructor(private readonly backends: TrainingBackends) {}

  /**
   * Starts a job, or takes it up, and follows it to its end.
   * @returns what the conclusion came to, undefined if another worker has the row now, and with it the job.
   * @throws the reason of `signal`, and what the backend throws.
   */
  async follow<Result>(
    backend: TrainingBackend,
    job: TrainingJob,
    following: Following<Result>,
    signal: AbortSignal,
  ): Promise<Result | undefined> {
    const name = await backend.submit(job, signal);
    const lost = new AbortController();
    let result: Result;
    try {
      const report = this.reporter(backend, { id: job.id, name, lost }, following);
      const outcome = await reportWhile(backend.follow(name, AbortSignal.any([signal, lost.signal])), report);
      if (lost.signal.aborted) return undefined;
      result = await following.conclude(outcome);
    } catch (error) {
      if (lost.signal.aborted) return undefined;
      throw error;
    } finally {
      await backend.release(name);
    }
    // Only now: until the row has ended, another worker may need what the job left.
    await this.discard(job.id, backend);
    return result;
  }

  /**
   * Fails the row, or hands it back and throws, for the worker's job to be tried again: only silent deaths count as
   * attempts.
   */
  async afterError(
    rows: RowsAtWork,
    lease: Lease,
    backend: TrainingBackend,
    { error, context }: { readonly error: unknown; readonly context: JobContext },
  ): Promise<void> {
    const { reason, isFinal } = failureOf(error, context);
    if (!isFinal) {
      await rows.handBack(lease, `waiting for the next attempt. ${reason}`);
      throw error;
    }
    this.logger.error({ err: error, id: lease.id }, 'a training or search failed');
    if ((await rows.report(lease, {})) === undefined) return; // Another worker has it now, and with it the job.
    const billing = await this.abandon(lease.id, backend, context.signal);
    await rows.report(lease, { ...billingOf({ billing }) });
    await rows.fail(lease, reason);
    await this.discard(lease.id, backend);
  }

  /** Ends a cancellation whose worker died before it could; the job may have outlived it. */
  async endCancellation(rows: RowsAtWork, id: string, signal: AbortSignal): Promise<void> {
    const row = await rows.cancelling(id);
    if (!row) return;
    const backend = this.backends.of(row.backend);
    const billing = await backend.abandon(id, signal);
    // First: once the row has ended, nobody would look any more.
    await this.discard(id, backend);
    await rows.endCancellation(id, { ...billingOf({ billing }) });
  }

  /**
   * Notes how a job stands, and passes a wish to cancel on, once a job. A database that is away for a while is no reason
   * to give up hours of work.
   */
  private reporter(
    backend: TrainingBackend,
    { id, name, lost }: { readonly id: string; readonly name: string; readonly lost: AbortController },
    { working, note }: Following<unknown>,
  ): (isLast: boolean) => Promise<void> {
    let written = '';
    let trials = 0;
    let cancelled: string | undefined;
    return async (isLast) => {
      try {
        const status = backend.status(name);
        const told = status.trials?.length ?? 0;
        const changes = changesOf(status);
        const text = JSON.stringify(changes);
        const state = await note(text === written ? {} : changes, status.trials?.slice(trials) ?? []);
        [written, trials] = [text, told];
        if (state === undefined) lost.abort(new Error('another worker took it up'));
        if (isLast || state === undefined || state === working || cancelled === status.externalName) return;
        await backend.cancel(name);
        cancelled = status.externalName;
      } catch (error) {
        this.logger.warn({ err: error, id }, 'progress could not be written');
      }
    };
  }

  /** Nobody would follow a job any more that costs as long as it runs. */
  private async abandon(id: string, backend: TrainingBackend, signal: AbortSignal): Promise<Billing | undefined> {
    try {
      return await backend.abandon(id, signal);
    } catch (error) {
      this.logger.error({ err: error, id }, 'the job of a failed run could not be stopped; look for it at the backend');
      return undefined;
    }
  }

  private async discard(id: string, backend: TrainingBackend): Promise<void> {
    await backend.discard(id).catch((error: unknown) => {
      this.logger.warn({ err: error, id }, 'what jobs left in the object store stays there until a rule removes it');
    });
  }
}

function changesOf(status: JobStatus): object {
  return { ...progressOf(status), ...billingOf(status), externalName: status.externalName };
}
