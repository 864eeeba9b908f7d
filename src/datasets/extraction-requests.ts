import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { ObjectStore } from '../platform/storage/object-store.js';
import { uploadKey } from './dataset-objects.js';
import type { DatasetVersion } from './dataset-version.entity.js';
import { DatasetsService } from './datasets.service.js';
import { tooLarge } from './extraction/staging.js';
import { Extractions } from './extractions.js';

/** Starts and cancels extractions on behalf of users. */
@Injectable()
export class ExtractionRequests {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly datasets: DatasetsService,
    private readonly extractions: Extractions,
    private readonly objects: ObjectStore,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError INVALID_STATE for a dataset of uploads; CONFLICT while it is being extracted. */
  async extract(name: string, principal: Principal): Promise<DatasetVersion> {
    const { id, source } = await this.datasetOf(name);
    if (source.kind === 'UPLOAD') {
      throw new AppError(
        'INVALID_STATE',
        `Dataset ${name} takes uploads: send the file to POST /v1/datasets/${name}/upload.`,
      );
    }
    const order = { datasetId: id, sourceId: source.id, requestedBy: principal.userId };
    return this.dataSource.transaction(async (manager) => {
      const version = await this.extractions.start(manager, order);
      await this.record(manager, principal, 'dataset_version.requested', version.id);
      return version;
    });
  }

  /**
   * Takes a file and starts its extraction. The file is stored before anything is promised.
   * @throws AppError INVALID_STATE for a dataset that has another kind of source; LIMIT_EXCEEDED for a file too large.
   */
  async upload(name: string, body: Readable, principal: Principal): Promise<DatasetVersion> {
    const { id, source } = await this.datasetOf(name);
    if (source.kind !== 'UPLOAD') {
      throw new AppError(
        'INVALID_STATE',
        `Dataset ${name} takes no uploads: give it a source of kind UPLOAD with updateDataset.`,
      );
    }
    const versionId = uuidv7();
    const upload = { versionId, key: uploadKey(versionId) };
    await this.storeBody(body, upload.key);
    try {
      return await this.dataSource.transaction(async (manager) => {
        const order = { datasetId: id, sourceId: source.id, requestedBy: principal.userId, upload };
        const version = await this.extractions.start(manager, order);
        await this.record(manager, principal, 'dataset_version.uploaded', version.id);
        return version;
      });
    } catch (error) {
      await this.objects.delete(upload.key);
      throw error;
    }
  }

  async cancel(versionId: string, principal: Principal): Promise<DatasetVersion> {
    return this.dataSource.transaction(async (manager) => {
      const version = await this.extractions.requestCancel(manager, versionId);
      await this.record(manager, principal, 'dataset_version.cancelled', versionId);
      return version;
    });
  }

  private async datasetOf(name: string) {
    const { id } = await this.datasets.byName(name);
    const source = (await this.datasets.currentSources([id])).get(id);
    if (!source) throw new Error(`dataset ${id} has no source`);
    return { id, source };
  }

  private async storeBody(body: Readable, key: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'boucle-upload-'));
    const path = join(folder, 'body');
    try {
      const bytes = await writeWithin(body, path, this.config.SOURCE_MAX_BYTES);
      if (bytes === 0)
        throw new AppError('BAD_INPUT', 'The upload is empty. Send the file as the body of the request.');
      await this.objects.putFile(key, path);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private record(manager: EntityManager, actor: Principal, action: string, id: string): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'dataset_version', id } });
  }
}

async function writeWithin(body: Readable, path: string, maxBytes: number): Promise<number> {
  let bytes = 0;
  // Left open, a body that is too large is read to its end after the answer; destroyed, the answer would not arrive.
  const chunksOfBody = body.iterator({ destroyOnReturn: false });
  await pipeline(
    chunksOfBody,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  return bytes;
}
