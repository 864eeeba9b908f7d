import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In } from 'typeorm';
import { ObjectStore } from '../platform/storage/object-store.js';
import { DatasetVersion } from './dataset-version.entity.js';
import { ACTIVE_STATES } from './extraction-state.js';

const SNAPSHOTS = 'datasets/';
const UPLOADS = 'uploads/';
/** An upload is stored before the row that names it is committed; by then it is surely there. */
const UPLOAD_GRACE_MS = 3_600_000;

/** Snapshots are named by their content: versions with the same content share one object. */
export function snapshotKey(sha256: string): string {
  return `${SNAPSHOTS}${sha256}.parquet`;
}

export function uploadKey(versionId: string): string {
  return `${UPLOADS}${versionId}`;
}

/** Until its end, a transaction that works on an object of this key keeps others from doing so. */
export async function lockObject(manager: EntityManager, key: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key]);
}

/** Finds and removes objects that nothing refers to. */
@Injectable()
export class DatasetObjects {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly objects: ObjectStore,
  ) {}

  /** @returns how many objects were removed. */
  async collect(signal: AbortSignal): Promise<number> {
    let removed = 0;
    for await (const { key } of this.objects.list(SNAPSHOTS)) {
      signal.throwIfAborted();
      if (await this.removeUnless(key, { objectKey: key })) removed++;
    }
    for await (const { key, modifiedAt } of this.objects.list(UPLOADS)) {
      signal.throwIfAborted();
      const isYoung = Date.now() - modifiedAt.getTime() < UPLOAD_GRACE_MS;
      if (!isYoung && (await this.removeUnless(key, { uploadKey: key, state: In([...ACTIVE_STATES]) }))) removed++;
    }
    return removed;
  }

  /** The lock makes an extraction that has just claimed this very key wait, and then store its file anew. */
  private removeUnless(key: string, inUse: object): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      await lockObject(manager, key);
      if (await manager.existsBy(DatasetVersion, inUse)) return false;
      await this.objects.delete(key);
      return true;
    });
  }
}
