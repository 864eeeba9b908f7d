import { setTimeout as delay } from 'node:timers/promises';
import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, Reflector } from '@nestjs/core';
import type { JobWithMetadata } from 'pg-boss';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { definedJobs, JobDefinition } from './job-definition.js';
import { JOB_METADATA, JobContext, JobHandler } from './job-handler.js';
import { JobQueue } from './job-queue.js';

/** Time that a job gets to hand back what it holds, once it is told to stop. */
const HAND_BACK_MS = 5_000;

/** Runs jobs in this process. Only roles that include `QueueWorkerModule` have it. */
@Injectable()
export class JobRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    private readonly queue: JobQueue,
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Fails the boot if a declared job has no handler or more than one. */
  async onApplicationBootstrap(): Promise<void> {
    const handlers = this.handlers();
    const missing = definedJobs().filter((job) => !handlers.has(job.name));
    if (missing.length > 0) throw new Error(`no handler for ${missing.map(({ name }) => name).join(', ')}`);
    for (const job of definedJobs()) await this.listen(job, handlers.get(job.name)!);
  }

  /**
   * Takes no new jobs, gives running ones the shutdown time to end, then tells them to stop. All this while connections
   * are open, so that a handler can hand its work back; what it leaves runs again elsewhere.
   */
  async beforeApplicationShutdown(): Promise<void> {
    for (const { name } of definedJobs()) await this.queue.boss.offWork(name, { wait: false });
    await this.ended(this.config.SHUTDOWN_TIMEOUT_SECONDS * 1000);
    this.stopping.abort();
    await this.ended(HAND_BACK_MS);
  }

  private async ended(timeoutMs: number): Promise<void> {
    await Promise.race([Promise.allSettled([...this.running]), delay(timeoutMs, undefined, { ref: false })]);
  }

  private handlers(): Map<string, JobHandler<object>> {
    const handlers = new Map<string, JobHandler<object>>();
    for (const { metatype, instance } of this.discovery.getProviders()) {
      const job = metatype && this.reflector.get<JobDefinition | undefined>(JOB_METADATA, metatype);
      if (!job) continue;
      if (handlers.has(job.name)) throw new Error(`job ${job.name} has two handlers`);
      handlers.set(job.name, instance as JobHandler<object>);
    }
    return handlers;
  }

  private async listen(job: JobDefinition, handler: JobHandler<object>): Promise<void> {
    const options = {
      includeMetadata: true,
      localConcurrency: typeof job.concurrency === 'number' ? job.concurrency : job.concurrency(this.config),
      pollingIntervalSeconds: 1,
      notifyPollingIntervalSeconds: 5,
      ...(job.groupConcurrency !== undefined && { localGroupConcurrency: job.groupConcurrency }),
    } as const;
    await this.queue.boss.work<object, undefined, typeof options>(job.name, options, async ([message]) => {
      if (!message) return;
      const run = this.run(job, handler, message);
      this.running.add(run);
      await run.finally(() => this.running.delete(run));
    });
  }

  private async run(job: JobDefinition, handler: JobHandler<object>, message: JobWithMetadata): Promise<void> {
    const context: JobContext = {
      id: message.id,
      signal: AbortSignal.any([message.signal, this.stopping.signal]),
      attempt: message.retryCount + 1,
      isLastAttempt: message.retryCount >= message.retryLimit,
    };
    const log = { job: job.name, jobId: message.id, attempt: context.attempt };
    this.logger.log(log, 'job started');
    try {
      await handler.handle(job.schema.parse(message.data), context);
      this.logger.log(log, 'job finished');
    } catch (error) {
      this.logger.error({ ...log, err: error }, 'job failed');
      throw error;
    }
  }
}
