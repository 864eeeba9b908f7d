import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../../config/config.js';
import { CONFIG } from '../../../config/config.module.js';
import { AppError } from '../../../errors/app-error.js';
import { ObjectStore } from '../../../platform/storage/object-store.js';
import { isSearch } from '../../container/search-order.js';
import type { OutputTail } from '../output-tail.js';
import {
  type Billing,
  type JobOutcome,
  type JobStatus,
  TrainingBackend,
  type TrainingJob,
} from '../training-backend.js';
import { affordableSeconds, billingOf, maximumJobCost } from './job-cost.js';
import { jobNameOf } from './job-name.js';
import { JobObjects } from './job-objects.js';
import { type JobRequest, SPEC_CHANNEL } from './job-request.js';
import { type JobDescription, type JobState, logOf, progressOf, stateOf } from './job-state.js';
import { createSageMakerClient } from './sagemaker-client.js';
import { TrainingJobs } from './training-jobs.js';

/** The pause between two looks at a job grows by this factor, up to the longest. */
const PAUSE_GROWTH = 1.2;
const LONGEST_PAUSE_MS = 60_000;

/** A run or an experiment, and its jobs. */
interface FollowedJobs {
  readonly job: TrainingJob;
  attempt: number;
  /** As they were last seen, the first one first. */
  readonly descriptions: JobDescription[];
  /** Of a search. */
  output?: OutputTail;
  /** Where what they made was copied to. */
  folder?: string;
}

/**
 * Runs trainings and searches as jobs of SageMaker. They outlive this process: whoever takes one up next finds its job by
 * name.
 * Where there are no machines of one type, another job asks for the next type.
 */
@Injectable()
export class SageMakerBackend extends TrainingBackend {
  override readonly name = 'SAGEMAKER';
  override readonly outlivesWorker = true;
  private readonly followed = new Map<string, FollowedJobs>();
  private readonly objects: JobObjects;
  private readonly jobs: TrainingJobs;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: ObjectStore,
  ) {
    super();
    this.objects = new JobObjects(store);
    this.jobs = new TrainingJobs(createSageMakerClient(config), config);
  }

  override maximumCost(seconds?: number): number | undefined {
    return maximumJobCost(this.config, seconds);
  }

  override affordableSeconds(cost: number): number | undefined {
    return affordableSeconds(this.config, cost);
  }

  override async submit(job: TrainingJob, signal: AbortSignal): Promise<string> {
    const descriptions = await this.jobsOf(job.id, signal);
    const description = descriptions.at(-1);
    const followed: FollowedJobs = { job, attempt: descriptions.length, descriptions };
    const isToStart = !description || stateOf(description).kind === 'UNLUCKY';
    if (isToStart) await this.startNext(followed, signal);
    this.followed.set(job.id, followed);
    return job.id;
  }

  override async follow(id: string, signal: AbortSignal): Promise<JobOutcome> {
    const followed = this.followedBy(id);
    for (let looks = 0, unlucky = 0; ; looks++) {
      const state = await this.look(followed, signal);
      if (state.kind === 'UNLUCKY') {
        if (++unlucky === this.config.SAGEMAKER_INSTANCE_TYPES.length) throw noMachines(state.reason);
        await this.startNext(followed, signal);
      } else if (state.kind !== 'ACTIVE') {
        return this.conclude(followed, state, signal);
      }
      await this.pause(looks, signal);
    }
  }

  override status(id: string): JobStatus {
    const { attempt, descriptions, output } = this.followedBy(id);
    const name = jobNameOf(id, attempt);
    const billing = billingOf(descriptions, this.config.SAGEMAKER_PRICES);
    const description = descriptions[attempt - 1];
    return {
      externalName: name,
      log: (description ? logOf(name, description) : '') + (output?.log ?? ''),
      ...(description && { progress: progressOf(description, output?.progress) }),
      ...(output && { trials: output.trials }),
      ...(billing && { billing }),
    };
  }

  override async cancel(id: string): Promise<void> {
    const { attempt } = this.followedBy(id);
    if (attempt > 0) await this.jobs.stop(jobNameOf(id, attempt));
  }

  override async abandon(id: string, signal: AbortSignal): Promise<Billing | undefined> {
    const descriptions = await this.jobsOf(id, signal);
    const name = jobNameOf(id, descriptions.length);
    const isActive = (): boolean => descriptions.length > 0 && stateOf(descriptions.at(-1)!).kind === 'ACTIVE';
    if (isActive()) await this.jobs.stop(name);
    for (let looks = 0; isActive(); looks++) {
      await this.pause(looks, signal);
      descriptions[descriptions.length - 1] = await this.describe(name, signal);
    }
    return billingOf(descriptions, this.config.SAGEMAKER_PRICES);
  }

  override async release(id: string): Promise<void> {
    const { folder } = this.followedBy(id);
    this.followed.delete(id);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  override async discard(id: string): Promise<void> {
    await this.objects.discard(id);
  }

  /** The jobs that a run or experiment had so far, in their order. */
  private async jobsOf(id: string, signal: AbortSignal): Promise<JobDescription[]> {
    const found: JobDescription[] = [];
    for (;;) {
      const next = await this.jobs.describe(jobNameOf(id, found.length + 1), signal);
      if (!next) return found;
      found.push(next);
    }
  }

  /**
   * Starts the next job, on the next type of machine that the account may have.
   * @throws AppError UPSTREAM_FAILED where there is none: whoever asked waits, and tries again.
   */
  private async startNext(followed: FollowedJobs, signal: AbortSignal): Promise<void> {
    const { SAGEMAKER_INSTANCE_TYPES: types } = this.config;
    const request = await this.requestOf(followed, signal);
    for (const offset of types.keys()) {
      const instanceType = types[(followed.attempt + offset) % types.length]!;
      if (!(await this.jobs.create({ ...request, instanceType }, signal))) continue;
      followed.attempt = request.attempt;
      return;
    }
    throw noMachines("the account's quota for these types of machines is used up");
  }

  private async requestOf(
    { job, attempt }: FollowedJobs,
    signal: AbortSignal,
  ): Promise<Omit<JobRequest, 'instanceType'>> {
    const { id, order, script, seconds } = job;
    // Ours divides the whole snapshot by itself.
    const keys = script?.channels ?? {
      training: job.dataKey,
      [SPEC_CHANNEL]: await this.objects.putSpec(id, order, signal),
    };
    return {
      id,
      attempt: attempt + 1,
      order,
      seconds,
      channels: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, this.store.url(key)])),
      image: script?.image,
      outputUri: this.store.url(this.objects.outputKey(id)),
    };
  }

  private async look(followed: FollowedJobs, signal: AbortSignal): Promise<JobState> {
    const { job, attempt, descriptions } = followed;
    const description = await this.describe(jobNameOf(job.id, attempt), signal);
    descriptions[attempt - 1] = description;
    if (isSearch(job.order)) followed.output = await this.objects.searchOutput(job.id, signal);
    return stateOf(description);
  }

  private async describe(name: string, signal: AbortSignal): Promise<JobDescription> {
    const description = await this.jobs.describe(name, signal);
    if (description) return description;
    throw new AppError('NOT_FOUND', `The training job ${name} is gone. Start the training again.`);
  }

  private async conclude(
    followed: FollowedJobs,
    state: Exclude<JobState, { kind: 'ACTIVE' | 'UNLUCKY' }>,
    signal: AbortSignal,
  ): Promise<JobOutcome> {
    if (state.kind !== 'COMPLETED') return state;
    followed.folder = await mkdtemp(join(tmpdir(), 'boucle-artifact-'));
    const archive = join(followed.folder, 'model.tar.gz');
    await this.store.download(state.artifactUri.slice(this.store.url('').length), archive, signal);
    return { kind: 'COMPLETED', archive };
  }

  /** Pauses between looks grow. @throws the reason of `signal`. */
  private async pause(looks: number, signal: AbortSignal): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE_MS, this.config.SAGEMAKER_POLL_SECONDS * 1_000 * PAUSE_GROWTH ** looks);
    await delay(longest * (0.8 + 0.4 * Math.random()), undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  }

  private followedBy(id: string): FollowedJobs {
    const followed = this.followed.get(id);
    if (!followed) throw new Error(`the jobs of ${id} are not followed by this process`);
    return followed;
  }
}

function noMachines(reason: string): AppError {
  const message = `SageMaker has no machine for the training now: ${reason}. It is tried again; name more types in SAGEMAKER_INSTANCE_TYPES, or ask AWS for a higher quota.`;
  return new AppError('UPSTREAM_FAILED', message);
}
