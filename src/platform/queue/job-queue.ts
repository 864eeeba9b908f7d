import { Inject, Injectable, Logger, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { type Db, PgBoss } from 'pg-boss';
import { EntityManager } from 'typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { definedJobs, JobDefinition } from './job-definition.js';
import { QUEUE_SCHEMA } from './queue-schema.js';

/** Twenty attempts then take some minutes, not days. */
const LONGEST_RETRY_DELAY_SECONDS = 60;

export interface EnqueueOptions {
  readonly delaySeconds?: number;
  /** Jobs that share something slow, such as a receiver; see `groupConcurrency`. */
  readonly group?: string;
}

/** Puts jobs into the queue. A job is part of the transaction that enqueues it: no commit, no job. */
@Injectable()
export class JobQueue implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Queue');
  readonly boss: PgBoss;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.boss = new PgBoss({
      connectionString: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
      application_name: 'boucle-queue',
      max: 3,
      useListenNotify: true,
      schema: QUEUE_SCHEMA,
      migrate: false,
      createSchema: false,
      // Cron expressions belong to the scheduler role; the queue only looks for dead workers and old jobs.
      schedule: false,
      superviseIntervalSeconds: 5,
      monitorIntervalSeconds: 5,
      registerInstance: false,
    });
    this.boss.on('error', (error) => {
      this.logger.error({ err: error }, 'queue error');
    });
    this.boss.on('warning', (warning) => {
      this.logger.warn({ warning }, 'queue warning');
    });
  }

  async onModuleInit(): Promise<void> {
    await this.boss.start();
    for (const job of definedJobs()) await this.ensureQueue(job);
  }

  /** Ends after running jobs did, or when the shutdown time is over: unfinished jobs then run again elsewhere. */
  async onApplicationShutdown(): Promise<void> {
    await this.boss.stop({ graceful: true, timeout: this.config.SHUTDOWN_TIMEOUT_SECONDS * 1000 });
  }

  /**
   * Adds a job to the transaction of `manager`. While a job with the same key waits or runs, a second one is dropped;
   * so the key names what the job works on, such as the id of a run.
   * @returns false if it was dropped.
   */
  async enqueue<Payload extends object>(
    manager: EntityManager,
    job: JobDefinition<Payload>,
    key: string,
    payload: Payload,
    { delaySeconds = 0, group }: EnqueueOptions = {},
  ): Promise<boolean> {
    const options = {
      db: adapterOf(manager),
      singletonKey: key,
      startAfter: delaySeconds,
      ...(group !== undefined && { group: { id: group } }),
    };
    return (await this.boss.send(job.name, job.schema.parse(payload), options)) !== null;
  }

  private async ensureQueue(job: JobDefinition): Promise<void> {
    const options = {
      retryLimit: job.retries,
      retryDelay: job.retryDelaySeconds,
      retryBackoff: true,
      retryDelayMax: LONGEST_RETRY_DELAY_SECONDS,
      expireInSeconds: job.timeoutSeconds,
      heartbeatSeconds: job.heartbeatSeconds,
      notify: true,
    };
    if (await this.boss.getQueue(job.name)) await this.boss.updateQueue(job.name, options);
    else await this.boss.createQueue(job.name, { policy: 'exclusive', ...options });
  }
}

/** TypeORM answers `[rows, count]` for UPDATE and DELETE; pg-boss wants the rows. */
function adapterOf(manager: EntityManager): Db {
  return {
    async executeSql(text, values) {
      const result: unknown = await manager.query(text, values);
      return { rows: rowsOf(result) };
    },
  };
}

function rowsOf(result: unknown): Record<string, unknown>[] {
  if (!Array.isArray(result)) return [];
  const isRowsAndCount = result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number';
  return (isRowsAndCount ? result[0] : result) as Record<string, unknown>[];
}
