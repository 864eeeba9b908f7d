import type { BackendName } from '../../models/training-backend-name.js';
import type { ProgressLine } from '../container/progress-line.js';
import type { JobOrder } from '../container/job-files.js';
import type { TrialLine } from '../container/trial-line.js';

/** A training or a search as a backend gets it. */
export interface TrainingJob {
  /** Of the run or the experiment. */
  readonly id: string;
  readonly order: JobOrder;
  /** Of the dataset's Parquet file in the object store. */
  readonly dataKey: string;
  /** Copies that file to a local path. */
  readonly fetchData: (path: string, signal: AbortSignal) => Promise<void>;
  /** Where it is not our own program that runs. */
  readonly script?: TrainingScript;
  /** Longest time that it may be billed for, where that is less than for any other. */
  readonly seconds?: number;
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
  /** All that a search told of its trials so far. */
  readonly trials?: readonly TrialLine[];
  /** What the job was billed for, where somebody bills it. */
  readonly billing?: Billing;
}

/** `cost`, in USD, is unknown without a price. */
export interface Billing {
  readonly seconds: number;
  readonly cost?: number;
}

export type JobOutcome =
  /** `archive` is the path of a local model.tar.gz that lives until the job is released: a model, or the log of a search. */
  | { readonly kind: 'COMPLETED'; readonly archive: string }
  /** `isSudden`: the job did not say why, as when memory runs out, and may be submitted again without what is to blame. */
  | { readonly kind: 'FAILED'; readonly reason: string; readonly isSudden?: boolean }
  | { readonly kind: 'STOPPED' };

/**
 * Port for where trainings and searches run. All backends run our program on the same container layout, and SageMaker
 * also scripts of others. A job's name is derived from its run or experiment, so that a worker which takes one up finds
 * the job that an earlier worker started.
 */
export abstract class TrainingBackend {
  abstract readonly name: BackendName;
  /** Whether jobs go on when the worker that follows them dies. */
  abstract readonly outlivesWorker: boolean;
  /**
   * The most that one job may cost, in USD; 0 where nobody bills it, undefined where prices are unknown.
   * @param seconds see TrainingJob.
   */
  abstract maximumCost(seconds?: number): number | undefined;
  /** The longest time, in seconds, that a job may take for `cost` in USD; undefined where prices are unknown. */
  abstract affordableSeconds(cost: number): number | undefined;
  /** Starts the job, or adopts the one that runs already. Returns its name for the other methods. */
  abstract submit(job: TrainingJob, signal: AbortSignal): Promise<string>;
  /**
   * Waits for the end of a job. When `signal` is aborted, nobody follows it any longer: the promise rejects with the
   * signal's reason, and what can't outlive this process ends.
   */
  abstract follow(jobName: string, signal: AbortSignal): Promise<JobOutcome>;
  abstract status(jobName: string): JobStatus;
  /** Asks a job to stop; its outcome tells when it has. */
  abstract cancel(jobName: string): Promise<void>;
  /**
   * Stops the job of a run or experiment that nobody follows any more, where it outlived its worker, and waits until it
   * has ended.
   * @returns what its jobs were billed for.
   */
  abandon(_id: string, _signal: AbortSignal): Promise<Billing | undefined> {
    return Promise.resolve(undefined);
  }
  /** Frees what the job holds in this process; whoever takes it up next still finds the job and what it made. */
  abstract release(jobName: string): Promise<void>;
  /** Removes what the jobs of a run or experiment left outside this process: nothing, where they all run in it. */
  discard(_id: string): Promise<void> {
    return Promise.resolve();
  }
}
