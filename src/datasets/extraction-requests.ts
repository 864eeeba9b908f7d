import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { receiveFile } from '../platform/http/received-file.js';
import { ObjectStore } from '../platform/storage/object-store.js';
import type { DataSourceRow } from './data-source.entity.js';
import { Dataset } from './dataset.entity.js';
import { uploadKey } from './dataset-objects.js';
import type { DatasetVersion } from './dataset-version.entity.js';
import { DatasetsService } from './datasets.service.js';
import type { FileFormat } from './extraction/source-spec.js';
import { tooLarge } from './extraction/staging.js';
import { Extractions, type Upload } from './extractions.js';

/** A file that the system made, to become a version of a dataset that it keeps for itself. */
export interface SystemFile {
  readonly dataset: string;
  readonly path: string;
  readonly format: FileFormat;
}

/** Starts and cancels extractions, for users and for the system itself. */
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
    return this.dataSource.transaction(async (manager) => {
      const { id } = await this.datasets.byName(name, manager);
      const version = await this.startWithin(manager, id, principal.userId);
      await this.record(manager, principal, 'dataset_version.requested', version.id);
      return version;
    });
  }

  /**
   * Adds an extraction of the dataset's source to the transaction of `manager`, by default for the system itself.
   * @throws AppError INVALID_STATE for a dataset of uploads; CONFLICT while it is being extracted (the transaction can
   * go on after either).
   */
  async startWithin(
    manager: EntityManager,
    datasetId: string,
    requestedBy: string | null = null,
  ): Promise<DatasetVersion> {
    const source = await this.sourceOf(datasetId, manager);
    if (source.kind === 'UPLOAD') throw await this.takesUploads(datasetId, manager);
    return this.extractions.start(manager, { datasetId, sourceId: source.id, requestedBy });
  }

  /**
   * Takes a file and starts its extraction. The file is stored before anything is promised.
   * @throws AppError INVALID_STATE for a dataset that has another kind of source; LIMIT_EXCEEDED for a file too large.
   */
  async upload(name: string, body: Readable, principal: Principal): Promise<DatasetVersion> {
    const { id } = await this.datasets.byName(name);
    const source = await this.sourceOf(id);
    if (source.kind !== 'UPLOAD') {
      throw new AppError(
        'INVALID_STATE',
        `Dataset ${name} takes no uploads: give it a source of kind UPLOAD with updateDataset.`,
      );
    }
    const upload = newUpload();
    await this.storeBody(body, upload.key);
    return this.orDelete(upload, async (manager) => {
      const order = { datasetId: id, sourceId: source.id, requestedBy: principal.userId, upload };
      const version = await this.extractions.start(manager, order);
      await this.record(manager, principal, 'dataset_version.uploaded', version.id);
      return version;
    });
  }

  /**
   * Stores a file of the system and starts its extraction, in one transaction with what `follows` writes. The dataset is
   * made if there is none of this name. The file is no longer needed afterwards.
   * @throws AppError CONFLICT if the dataset is a user's, or is being extracted.
   */
  async ingestFile(
    { dataset: name, path, format }: SystemFile,
    follows: (manager: EntityManager, version: DatasetVersion) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<DatasetVersion> {
    const upload = newUpload();
    await this.objects.putFile(upload.key, path, signal);
    return this.orDelete(upload, async (manager) => {
      const { id } = await this.datasets.ensureSystemDataset(manager, name, format);
      const { id: sourceId } = await this.sourceOf(id, manager);
      const version = await this.extractions.start(manager, { datasetId: id, sourceId, requestedBy: null, upload });
      await follows(manager, version);
      return version;
    });
  }

  async cancel(versionId: string, principal: Principal): Promise<DatasetVersion> {
    return this.dataSource.transaction(async (manager) => {
      const version = await this.extractions.requestCancel(manager, versionId);
      await this.record(manager, principal, 'dataset_version.cancelled', versionId);
      return version;
    });
  }

  private async sourceOf(datasetId: string, manager?: EntityManager): Promise<DataSourceRow> {
    const source = (await this.datasets.currentSources([datasetId], manager)).get(datasetId);
    if (!source) throw new Error(`dataset ${datasetId} has no source`);
    return source;
  }

  private async takesUploads(datasetId: string, manager: EntityManager): Promise<AppError> {
    const { name } = await manager.findOneByOrFail(Dataset, { id: datasetId });
    return new AppError(
      'INVALID_STATE',
      `Dataset ${name} takes uploads: send the file to POST /v1/datasets/${name}/upload.`,
    );
  }

  /** Runs a transaction that makes use of a stored file; if it fails, the file goes. */
  private async orDelete<T>(upload: Upload, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.dataSource.transaction(work);
    } catch (error) {
      await this.objects.delete(upload.key);
      throw error;
    }
  }

  private storeBody(body: Readable, key: string): Promise<void> {
    const limit = { maxBytes: this.config.SOURCE_MAX_BYTES, tooLarge };
    return receiveFile(body, limit, ({ path }) => this.objects.putFile(key, path));
  }

  private record(manager: EntityManager, actor: Principal, action: string, id: string): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'dataset_version', id } });
  }
}

function newUpload(): Upload {
  const versionId = uuidv7();
  return { versionId, key: uploadKey(versionId) };
}
