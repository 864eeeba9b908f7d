import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, Not } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { type Lease, LeasedRows } from '../../platform/database/leased-rows.js';
import { ChangeFeed } from '../../platform/events/change-feed.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { deleteBatchFileJob, scoreBatchJob } from './batch.jobs.js';
import { BatchPrediction } from './batch-prediction.entity.js';
import { ACTIVE_STATES, type BatchState, sourcesOf } from './batch-state.js';
import type { ScoringResult } from './score-file.js';

const PREFIX = 'batch-predictions/';
const ENDED = { finishedAt: () => 'now()', lease: null } as const;
/** Batches looked at in one go, the oldest first; the others have their turn when these have ended. */
const MOST_REQUEUED = 500;

/** The file with the rows and predictions of a batch. */
export function batchKey(id: string): string {
  return `${PREFIX}${id}.parquet`;
}

/** The states of batches in the database, and their files. */
@Injectable()
export class BatchPredictions {
  private readonly rows: LeasedRows<BatchPrediction, BatchState>;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    feed: ChangeFeed,
    private readonly queue: JobQueue,
    private readonly objects: ObjectStore,
  ) {
    const leasing = { entity: BatchPrediction, topic: 'batch-prediction', working: 'RUNNING', sourcesOf } as const;
    this.rows = new LeasedRows(dataSource, feed, leasing);
  }

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<BatchPrediction> {
    const batch = await this.dataSource.manager.findOneBy(BatchPrediction, { id });
    if (batch) return batch;
    throw new AppError('NOT_FOUND', `There is no batch prediction ${id}. The query \`batchPredictions\` lists them.`);
  }

  /** Takes one up, also one that another worker left behind. Undefined if there is nothing left to do. */
  async takeUp(id: string): Promise<(Lease & { readonly batch: BatchPrediction }) | undefined> {
    const held = await this.rows.takeUp(id);
    return held && { ...held, batch: await this.byId(id) };
  }

  handBack(held: Lease, message: string): Promise<void> {
    return this.rows.handBack(held, message);
  }

  /** Notes progress. False if it was cancelled, or another worker took it up. */
  async report(held: Lease, progress: number, message: string): Promise<boolean> {
    return (await this.rows.report(held, { progress, message })) === 'RUNNING';
  }

  /** Ends it with its file, which is in the store. Nothing happens if it was cancelled meanwhile. */
  async complete({ id, lease }: Lease, { rows, unscored }: ScoringResult, bytes: number): Promise<void> {
    const changes = { ...ENDED, progress: 1, message: 'done', rows, unscored, bytes };
    await this.rows.change(this.dataSource.manager, id, 'SUCCEEDED', changes, lease);
  }

  async fail({ id, lease }: Lease, failure: string): Promise<void> {
    await this.rows.change(this.dataSource.manager, id, 'FAILED', { ...ENDED, failure, message: 'failed' }, lease);
  }

  /** Whoever works on it hears of it with the next report. False if it has ended. */
  cancel(manager: EntityManager, id: string): Promise<boolean> {
    return this.rows.change(manager, id, 'CANCELLED', { ...ENDED, message: 'cancelled' });
  }

  /** Removes one that has ended, and its file with a job. False if it goes on, or is gone. */
  async delete(manager: EntityManager, id: string): Promise<boolean> {
    const { affected } = await manager.delete(BatchPrediction, { id, state: Not(In([...ACTIVE_STATES])) });
    if (affected !== 1) return false;
    await this.queue.enqueue(manager, deleteBatchFileJob, id, { batchId: id });
    return true;
  }

  /** Gives those that go on a job, where workers that died silently left none. The queue drops what is there already. */
  async requeueStranded(): Promise<void> {
    const { manager } = this.dataSource;
    const active = await manager.find(BatchPrediction, {
      where: { state: In([...ACTIVE_STATES]) },
      select: { id: true },
      order: { id: 'ASC' },
      take: MOST_REQUEUED,
    });
    for (const { id } of active) await this.queue.enqueue(manager, scoreBatchJob, id, { batchId: id });
  }

  /** Removes the files of batches that were deleted with their model or data, or came to nothing. @returns how many. */
  async collect(): Promise<number> {
    let removed = 0;
    for await (const { key } of this.objects.list(PREFIX)) {
      const id = key.slice(PREFIX.length).replace(/\.parquet$/, '');
      const state = In(['SUCCEEDED', ...ACTIVE_STATES]);
      if (await this.dataSource.manager.existsBy(BatchPrediction, { id, state })) continue;
      await this.objects.delete(key);
      removed++;
    }
    return removed;
  }
}
