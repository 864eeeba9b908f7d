import type { BackendName } from '../../models/training-backend-name.js';
import type { ProgressLine } from '../container/progress-line.js';
import type { AnyTrainingOrder } from '../container/order.js';

/** A training as a backend gets it. */
export interface TrainingJob {
  readonly runId: string;
  readonly order: AnyTrainingOrder;
  /** Of the dataset's Parquet file in the object store. */
  readonly dataKey: string;
  /** Copies that file to a local path. */
  readonly fetchData: (path: string, signal: AbortSignal) => Promise<void>;
  /** Where it is not the command `train` that runs. */
  readonly script?: TrainingScript;
}

/** Somebody else's image, and the objects that it is given, by channel. */
export interface TrainingScript {
  readonly image: string;
  readonly channels: Readonly<Record<'training' | 'validation' | 'spec', string>>;
}

/** What is known of a job while it runs. */
export interface JobStatus {
  /** The name under which others know the job. */
  readonly externalName: string;
  readonly progress?: ProgressLine;
  /** The last lines of its output. */
  readonly log: string;
  /** What the job was billed for, where somebody bills it. */
  readonly billing?: Billing;
}

/** `cost`, in USD, is unknown without a price. */
export interface Billing {
  readonly seconds: number;
  readonly cost?: number;
}

export type JobOutcome =
  /** `archive` is the path of a local model.tar.gz that lives until the job is released. */
  | { readonly kind: 'COMPLETED'; readonly archive: string }
  | { readonly kind: 'FAILED'; readonly reason: string }
  | { readonly kind: 'STOPPED' };

/**
 * Port for where trainings run. All of them run the command `train` on the same container layout, and SageMaker also scripts of others. A job's name is
 * derived from its run, so that a worker which takes a run up finds the job that an earlier worker started.
 */
export abstract class TrainingBackend {
  abstract readonly name: BackendName;
  /** Whether jobs go on when the worker that follows them dies. */
  abstract readonly outlivesWorker: boolean;
  /** The most that one job may cost, in USD; 0 where nobody bills it, undefined where prices are unknown. */
  abstract maximumCost(): number | undefined;
  /** Starts the job, or adopts the one of that run that runs already. Returns its name for the other methods. */
  abstract submit(job: TrainingJob, signal: AbortSignal): Promise<string>;
  /**
   * Waits for the end of a job. When `signal` is aborted, nobody follows it any longer: the promise rejects with the
   * signal's reason, and what can't outlive this process ends.
   */
  abstract follow(jobName: string, signal: AbortSignal): Promise<JobOutcome>;
  abstract status(jobName: string): JobStatus;
  /** Asks a job to stop; its outcome tells when it has. Also by the run's id, for a job that outlived its worker. */
  abstract cancel(jobName: string): Promise<void>;
  /** Frees what the job holds in this process; whoever takes its run up next still finds the job and its model. */
  abstract release(jobName: string): Promise<void>;
  /** Removes what the jobs of a run that has ended left outside this process: nothing, where they all run in it. */
  discard(_runId: string): Promise<void> {
    return Promise.resolve();
  }
}
