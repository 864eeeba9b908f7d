import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../../config/config.js';
import { CONFIG } from '../../../config/config.module.js';
import { AppError } from '../../../errors/app-error.js';
import { ObjectStore } from '../../../platform/storage/object-store.js';
import type { ProgressLine } from '../../container/progress-line.js';
import { SPEC_FILE } from '../../container/layout.js';
import { type JobOutcome, type JobStatus, TrainingBackend, type TrainingJob } from '../training-backend.js';
import { billingOf, maximumJobCost } from './job-cost.js';
import { jobNameOf } from './job-name.js';
import type { JobOrder } from './job-request.js';
import { type JobDescription, type JobState, logOf, progressOf, stateOf } from './job-state.js';
import { createSageMakerClient } from './sagemaker-client.js';
import { TrainingJobs } from './training-jobs.js';

/** The pause between two looks at a job grows by this factor, up to the longest. */
const PAUSE_GROWTH = 1.2;
const LONGEST_PAUSE_MS = 60_000;
/** Keys of what a run's jobs read and write, until it has ended. */
const FOLDER = 'training';

interface FollowedRun {
  readonly job: TrainingJob;
  attempt: number;
  /** Its jobs as they were last seen, the first one first. */
  readonly descriptions: JobDescription[];
  progress?: ProgressLine;
  log: string;
  /** Where the model was copied to. */
  folder?: string;
}

/**
 * Runs trainings as jobs of SageMaker. They outlive this process: whoever takes a run up next finds its job by name.
 * Where there are no machines of one type, another job asks for the next type.
 */
@Injectable()
export class SageMakerBackend extends TrainingBackend {
  override readonly name = 'SAGEMAKER';
  override readonly outlivesWorker = true;
  private readonly runs = new Map<string, FollowedRun>();
  private readonly jobs: TrainingJobs;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: ObjectStore,
  ) {
    super();
    this.jobs = new TrainingJobs(createSageMakerClient(config), config);
  }

  override maximumCost(): number | undefined {
    return maximumJobCost(this.config);
  }

  override async submit(job: TrainingJob, signal: AbortSignal): Promise<string> {
    const descriptions = await this.jobsOf(job.runId, signal);
    const description = descriptions.at(-1);
    const run: FollowedRun = { job, attempt: descriptions.length, descriptions, log: '' };
    this.runs.set(job.runId, run);
    const isToStart = !description || stateOf(description).kind === 'UNLUCKY';
    if (isToStart) await this.startNext(run, signal);
    return job.runId;
  }

  override async follow(runId: string, signal: AbortSignal): Promise<JobOutcome> {
    const run = this.runOf(runId);
    let pauseMs = this.config.SAGEMAKER_POLL_SECONDS * 1_000;
    for (let unlucky = 0; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * PAUSE_GROWTH)) {
      const state = await this.look(run, signal);
      if (state.kind === 'UNLUCKY') {
        if (++unlucky === this.config.SAGEMAKER_INSTANCE_TYPES.length) throw noMachines(state.reason);
        await this.startNext(run, signal);
      } else if (state.kind !== 'ACTIVE') {
        return this.conclude(run, state, signal);
      }
      await pause(pauseMs * (0.8 + 0.4 * Math.random()), signal);
    }
  }

  override status(runId: string): JobStatus {
    const { job, attempt, descriptions, progress, log } = this.runOf(runId);
    const billing = billingOf(descriptions, this.config.SAGEMAKER_PRICES);
    return {
      externalName: jobNameOf(job.runId, attempt),
      log,
      ...(progress && { progress }),
      ...(billing && { billing }),
    };
  }

  override async cancel(runId: string): Promise<void> {
    const attempt = this.runs.get(runId)?.attempt ?? (await this.jobsOf(runId)).length;
    if (attempt > 0) await this.jobs.stop(jobNameOf(runId, attempt));
  }

  override async release(runId: string): Promise<void> {
    const { folder } = this.runOf(runId);
    this.runs.delete(runId);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  override async discard(runId: string): Promise<void> {
    for await (const { key } of this.store.list(`${FOLDER}/${runId}/`)) await this.store.delete(key);
  }

  /** The jobs that a run had so far, in their order. */
  private async jobsOf(runId: string, signal?: AbortSignal): Promise<JobDescription[]> {
    const found: JobDescription[] = [];
    for (;;) {
      const next = await this.jobs.describe(jobNameOf(runId, found.length + 1), signal);
      if (!next) return found;
      found.push(next);
    }
  }

  /**
   * Starts the run's next job, on the next type of machine that the account may have.
   * @throws AppError UPSTREAM_FAILED where there is none: the run waits, and tries again.
   */
  private async startNext(run: FollowedRun, signal: AbortSignal): Promise<void> {
    const { SAGEMAKER_INSTANCE_TYPES: types } = this.config;
    const order = await this.orderOf(run, signal);
    for (const offset of types.keys()) {
      const instanceType = types[(run.attempt + offset) % types.length]!;
      if (!(await this.jobs.create({ ...order, instanceType }, signal))) continue;
      run.attempt = order.attempt;
      return;
    }
    throw noMachines("the account's quota for these types of machines is used up");
  }

  private async orderOf({ job, attempt }: FollowedRun, signal: AbortSignal): Promise<Omit<JobOrder, 'instanceType'>> {
    const { runId, order, script } = job;
    const keys = script?.channels ?? (await this.ownChannels(job, signal));
    return {
      runId,
      attempt: attempt + 1,
      order,
      channels: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, this.store.url(key)])),
      image: script?.image,
      outputUri: this.store.url(`${FOLDER}/${runId}/output`),
    };
  }

  /** What `train` reads: the whole snapshot, which it divides by itself, and what is to be learned. */
  private async ownChannels({ runId, order, dataKey }: TrainingJob, signal: AbortSignal) {
    const spec = `${FOLDER}/${runId}/${SPEC_FILE}`;
    await inTemporaryFolder(async (folder) => {
      const path = join(folder, SPEC_FILE);
      await writeFile(path, JSON.stringify(order.spec));
      await this.store.putFile(spec, path, signal);
    });
    return { training: dataKey, spec };
  }

  private async look(run: FollowedRun, signal: AbortSignal): Promise<JobState> {
    const name = jobNameOf(run.job.runId, run.attempt);
    const description = await this.jobs.describe(name, signal);
    if (!description) throw new AppError('NOT_FOUND', `The training job ${name} is gone. Start the training again.`);
    run.descriptions[run.attempt - 1] = description;
    run.progress = progressOf(description);
    run.log = logOf(name, description);
    return stateOf(description);
  }

  private async conclude(
    run: FollowedRun,
    state: Exclude<JobState, { kind: 'ACTIVE' | 'UNLUCKY' }>,
    signal: AbortSignal,
  ): Promise<JobOutcome> {
    if (state.kind !== 'COMPLETED') return state;
    run.folder = await mkdtemp(join(tmpdir(), 'boucle-artifact-'));
    const archive = join(run.folder, 'model.tar.gz');
    await this.store.download(state.artifactUri.slice(this.store.url('').length), archive, signal);
    return { kind: 'COMPLETED', archive };
  }

  private runOf(runId: string): FollowedRun {
    const run = this.runs.get(runId);
    if (!run) throw new Error(`run ${runId} is not followed by this process`);
    return run;
  }
}

async function inTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-spec-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws the reason of `signal`. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}

function noMachines(reason: string): AppError {
  const message = `SageMaker has no machine for the training now: ${reason}. The run tries again; name more types in SAGEMAKER_INSTANCE_TYPES, or ask AWS for a higher quota.`;
  return new AppError('UPSTREAM_FAILED', message);
}
