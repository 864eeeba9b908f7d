import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { Dataset } from './dataset.entity.js';
import { lockObject } from './dataset-objects.js';
import { DatasetVersion } from './dataset-version.entity.js';
import { extractJob } from './datasets.jobs.js';
import { ACTIVE_STATES, cancellationOf, type ExtractionState, sourcesOf } from './extraction-state.js';

/** The right to work on an extraction, held by one worker at a time. */
export interface Lease {
  readonly versionId: string;
  readonly lease: string;
}

/** A stored file that is to become a version. */
export interface Upload {
  readonly versionId: string;
  readonly key: string;
}

/** What an extraction is started with. */
export interface ExtractionOrder {
  readonly datasetId: string;
  readonly sourceId: string;
  readonly requestedBy: string | null;
  readonly upload?: Upload;
}

/** There are not more, since each takes a dataset; the oldest come first. */
const MOST_REQUEUED = 1000;

type Changes = QueryDeepPartialEntity<DatasetVersion>;

/** Ended without a snapshot, an extraction uses no object any more. */
const LETS_GO: Changes = { objectKey: null, uploadKey: null, finishedAt: () => 'now()', lease: null };

/**
 * The states of extractions in the database. Every change names the states it may come from, so that of two changes at
 * the same moment one wins and the other hears about it.
 */
@Injectable()
export class Extractions {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
  ) {}

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<DatasetVersion> {
    const version = await this.dataSource.manager.findOneBy(DatasetVersion, { id });
    if (version) return version;
    throw new AppError(
      'NOT_FOUND',
      `There is no dataset version or extraction ${id}. The query \`dataset\` lists them.`,
    );
  }

  /** Extractions by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, DatasetVersion>> {
    const versions = await this.dataSource.manager.findBy(DatasetVersion, { id: In([...ids]) });
    return new Map(versions.map((version) => [version.id, version]));
  }

  /**
   * Adds an extraction and its job to the transaction of `manager`.
   * @throws AppError CONFLICT while another one of the same dataset goes on.
   */
  async start(
    manager: EntityManager,
    { datasetId, sourceId, requestedBy, upload }: ExtractionOrder,
  ): Promise<DatasetVersion> {
    const id = upload?.versionId ?? uuidv7();
    const { raw } = (await manager
      .createQueryBuilder()
      .insert()
      .into(DatasetVersion)
      .values({
        id,
        datasetId,
        sourceId,
        requestedBy,
        uploadKey: upload?.key ?? null,
        state: 'QUEUED',
        message: 'waiting',
      })
      .orIgnore()
      .returning('id')
      .execute()) as { raw: unknown[] };
    if (raw.length === 0) {
      throw new AppError('CONFLICT', 'This dataset is being extracted already. Wait for it, or call cancelExtraction.');
    }
    await this.queue.enqueue(manager, extractJob, id, { versionId: id });
    return manager.findOneByOrFail(DatasetVersion, { id });
  }

  /**
   * Gives every extraction that goes on, but has no job any more, a new one: a worker that dies during the last attempt
   * of a job says nothing. The queue drops what is there already.
   * @returns how many there were.
   */
  async requeueStranded(): Promise<number> {
    const { manager } = this.dataSource;
    const active = await manager.find(DatasetVersion, {
      where: { state: In([...ACTIVE_STATES]) },
      select: { id: true },
      order: { id: 'ASC' },
      take: MOST_REQUEUED,
    });
    let stranded = 0;
    for (const { id } of active) if (await this.queue.enqueue(manager, extractJob, id, { versionId: id })) stranded++;
    return stranded;
  }

  /** Takes an extraction up, also one that another worker left behind. Undefined if there is nothing left to do. */
  async takeUp(versionId: string): Promise<(Lease & { readonly version: DatasetVersion }) | undefined> {
    const { manager } = this.dataSource;
    const lease = uuidv4();
    const taken = await change(manager, { versionId }, 'RUNNING', {
      lease,
      attempts: () => 'attempts + 1',
      startedAt: () => 'coalesce(started_at, now())',
      progress: 0,
      message: 'starting',
    });
    if (taken) return { versionId, lease, version: await this.byId(versionId) };
    // A cancellation whose worker died before it could end it.
    await manager.update(DatasetVersion, { id: versionId, state: 'CANCELLING' }, { ...LETS_GO, state: 'CANCELLED' });
    return undefined;
  }

  /** Gives it back unfinished, for the reason in `message`: that does not count as an attempt. */
  async handBack({ versionId, lease }: Lease, message: string): Promise<void> {
    const changes: Changes = { attempts: () => 'attempts - 1', lease: null, message };
    await this.dataSource.manager.update(DatasetVersion, { id: versionId, lease }, changes);
  }

  /** Notes progress. Returns the state, undefined if the lease is lost. */
  async report({ versionId, lease }: Lease, changes: Changes): Promise<ExtractionState | undefined> {
    const { manager } = this.dataSource;
    if (Object.keys(changes).length > 0) await manager.update(DatasetVersion, { id: versionId, lease }, changes);
    const version = await manager.findOneBy(DatasetVersion, { id: versionId, lease });
    return version?.state;
  }

  /** Marks an object as in use before it is stored, so that it is not collected in between. */
  async claimObject({ versionId, lease }: Lease, objectKey: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await lockObject(manager, objectKey);
      await manager.update(DatasetVersion, { id: versionId, lease }, { objectKey });
    });
  }

  /**
   * Ends an extraction with its snapshot, or as UNCHANGED if the newest version has the same content. Nothing happens if
   * it is over or another worker took it up.
   */
  async complete(held: Lease, contentHash: string, snapshot: Changes): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { datasetId } = await manager.findOneByOrFail(DatasetVersion, { id: held.versionId });
      const dataset = await manager.findOneOrFail(Dataset, {
        where: { id: datasetId },
        lock: { mode: 'pessimistic_write' },
      });
      const newest = await manager.findOne(DatasetVersion, {
        where: { datasetId, state: 'READY' },
        order: { number: 'DESC' },
      });
      const done: Changes = { contentHash, progress: 1, lease: null, uploadKey: null, finishedAt: () => 'now()' };
      if (newest?.contentHash === contentHash) {
        const message = `same content as version ${String(newest.number)}`;
        await change(manager, held, 'UNCHANGED', { ...done, objectKey: null, sameAsId: newest.id, message });
        return;
      }
      const number = dataset.lastVersion + 1;
      const ready: Changes = { ...done, ...snapshot, number, message: `version ${number}` };
      if (await change(manager, held, 'READY', ready))
        await manager.update(Dataset, { id: datasetId }, { lastVersion: number });
    });
  }

  async fail(held: Lease, failure: string): Promise<void> {
    await change(this.dataSource.manager, held, 'FAILED', { ...LETS_GO, failure, message: 'failed' });
  }

  /** Ends an extraction that was asked to stop. */
  async confirmCancelled(held: Lease): Promise<void> {
    await change(this.dataSource.manager, held, 'CANCELLED', { ...LETS_GO, message: 'cancelled' });
  }

  /** @throws AppError INVALID_STATE if it is too late. */
  async requestCancel(manager: EntityManager, versionId: string): Promise<DatasetVersion> {
    const version = await manager.findOne(DatasetVersion, {
      where: { id: versionId },
      lock: { mode: 'pessimistic_write' },
    });
    const { state } = version ?? (await this.byId(versionId));
    const next = cancellationOf(state);
    if (!next) throw new AppError('INVALID_STATE', `The extraction is ${state} already. Nothing is left to cancel.`);
    const ends: Changes = next === 'CANCELLED' ? { ...LETS_GO, message: 'cancelled' } : { message: 'stopping' };
    await change(manager, { versionId }, next, ends);
    return manager.findOneByOrFail(DatasetVersion, { id: versionId });
  }
}

/** False if it may not become that any longer, or the lease is lost. */
async function change(
  manager: EntityManager,
  { versionId, lease }: { readonly versionId: string; readonly lease?: string },
  to: ExtractionState,
  changes: Changes,
): Promise<boolean> {
  const where = { id: versionId, state: In(sourcesOf(to)), ...(lease !== undefined && { lease }) };
  const { affected } = await manager.update(DatasetVersion, where, { ...changes, state: to });
  return affected === 1;
}
