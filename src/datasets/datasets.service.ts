import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, QueryFailedError } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { type Page, type PageArgs, paginate } from '../platform/graphql/pagination.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { ObjectStore } from '../platform/storage/object-store.js';
import { ConnectionSeal } from './connection-seal.js';
import { DataSourceRow } from './data-source.entity.js';
import { Dataset } from './dataset.entity.js';
import { DatasetSchedule } from './dataset-schedule.entity.js';
import { DatasetVersion, isReady, type ReadyVersion } from './dataset-version.entity.js';
import { collectObjectsJob } from './datasets.jobs.js';
import { ACTIVE_STATES } from './extraction-state.js';
import { type FileFormat, type ReadOptions, readOptionsSchema, type SourceSpec } from './extraction/source-spec.js';
import { locationOf } from './source-location.js';

export interface DatasetOrder {
  readonly name: string;
  readonly source: SourceSpec;
  readonly options: ReadOptions;
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const FOREIGN_KEY_VIOLATION = '23503';

/** Creates, changes, lists and deletes datasets, and hands out what their versions hold. */
@Injectable()
export class DatasetsService {
  private readonly manager: EntityManager;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly queue: JobQueue,
    private readonly objects: ObjectStore,
    private readonly seal: ConnectionSeal,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.manager = dataSource.manager;
  }

  /** @throws AppError BAD_INPUT for a name or source that can't be; CONFLICT for a name that is taken. */
  async create(order: DatasetOrder, principal: Principal): Promise<Dataset> {
    const { name, source } = order;
    return this.manager.transaction(async (manager) => {
      const dataset = await this.insert(manager, order, principal.userId);
      if (!dataset) throw new AppError('CONFLICT', `There is a dataset ${name} already. Choose another name.`);
      await this.record(manager, principal, 'dataset.created', dataset.id, { name, kind: source.kind });
      return dataset;
    });
  }

  /**
   * The dataset of this name that the system keeps for itself; made if there is none. It takes files of one format.
   * @throws AppError CONFLICT if a user has made a dataset of this name; BAD_INPUT for a name that can't be.
   */
  async ensureSystemDataset(manager: EntityManager, name: string, format: FileFormat): Promise<Dataset> {
    const source = { kind: 'UPLOAD', format } as const;
    const options = readOptionsSchema.parse({});
    const made = await this.insert(manager, { name, source, options }, null);
    if (made) return made;
    const dataset = await this.byName(name, manager);
    if (dataset.createdBy !== null) {
      throw new AppError(
        'CONFLICT',
        `The dataset ${name} was made by a user, but its name is needed for data that the system collects. Delete that dataset, or copy it under another name first.`,
      );
    }
    const current = (await this.currentSources([dataset.id], manager)).get(dataset.id);
    const isSame = current?.location.kind === 'UPLOAD' && current.location.format === format;
    if (!isSame) await this.insertSource(manager, dataset.id, source, options);
    return dataset;
  }

  /** Gives a dataset another source or other options from now on; its versions keep their origin. */
  async update({ name, source, options }: DatasetOrder, principal: Principal): Promise<Dataset> {
    return this.manager.transaction(async (manager) => {
      const dataset = await this.byName(name, manager);
      await this.insertSource(manager, dataset.id, source, options);
      await this.record(manager, principal, 'dataset.updated', dataset.id, { name, kind: source.kind });
      return dataset;
    });
  }

  /** @throws AppError INVALID_STATE while it is being extracted; CONFLICT if a model is made from it. */
  async delete(name: string, principal: Principal): Promise<void> {
    await this.manager.transaction(async (manager) => {
      const dataset = await this.byName(name, manager);
      if (await manager.existsBy(DatasetVersion, { datasetId: dataset.id, state: In([...ACTIVE_STATES]) })) {
        throw new AppError(
          'INVALID_STATE',
          `Dataset ${name} is being extracted. Call cancelExtraction first, or wait.`,
        );
      }
      // First, as a scheduler locks them: the schedule, then the dataset.
      await manager.delete(DatasetSchedule, { datasetId: dataset.id });
      await unlessUsed(manager.delete(Dataset, { id: dataset.id }), `Dataset ${name}`);
      await this.record(manager, principal, 'dataset.deleted', dataset.id, { name });
      await this.queue.enqueue(manager, collectObjectsJob, dataset.id, {});
    });
  }

  /** @throws AppError CONFLICT if something still needs this version. */
  async deleteVersion(name: string, number: number, principal: Principal): Promise<void> {
    await this.manager.transaction(async (manager) => {
      const version = await this.versionByNumber(name, number, manager);
      await unlessUsed(manager.delete(DatasetVersion, { id: version.id }), `Version ${number} of dataset ${name}`);
      const subject = { kind: 'dataset_version', id: version.id };
      await this.audit.record(manager, {
        actor: principal,
        action: 'dataset_version.deleted',
        subject,
        details: { name, number },
      });
      await this.queue.enqueue(manager, collectObjectsJob, version.id, {});
    });
  }

  list(page: PageArgs): Promise<Page<Dataset>> {
    return paginate(this.manager.createQueryBuilder(Dataset, 'dataset'), 'dataset', page);
  }

  /** @throws AppError NOT_FOUND */
  async byName(name: string, manager = this.manager): Promise<Dataset> {
    const dataset = await manager.findOneBy(Dataset, { name });
    if (dataset) return dataset;
    throw new AppError('NOT_FOUND', `There is no dataset ${JSON.stringify(name)}. The query \`datasets\` lists them.`);
  }

  /** Datasets by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, Dataset>> {
    const datasets = await this.manager.findBy(Dataset, { id: In([...ids]) });
    return new Map(datasets.map((dataset) => [dataset.id, dataset]));
  }

  /** Sources by their own id. */
  async sourcesByIds(ids: readonly string[]): Promise<Map<string, DataSourceRow>> {
    const sources = await this.manager.findBy(DataSourceRow, { id: In([...ids]) });
    return new Map(sources.map((source) => [source.id, source]));
  }

  /** The source that counts now, by dataset id. */
  async currentSources(datasetIds: readonly string[], manager = this.manager): Promise<Map<string, DataSourceRow>> {
    const sources = await manager
      .createQueryBuilder(DataSourceRow, 'source')
      .distinctOn(['source.dataset_id'])
      .where({ datasetId: In([...datasetIds]) })
      .orderBy('source.dataset_id')
      .addOrderBy('source.id', 'DESC')
      .getMany();
    return new Map(sources.map((source) => [source.datasetId, source]));
  }

  /** The whole source of an extraction, with its secret. */
  async specOf(sourceId: string): Promise<{ source: SourceSpec; options: ReadOptions }> {
    const row = await this.manager
      .createQueryBuilder(DataSourceRow, 'source')
      .addSelect('source.sealedConnection')
      .where({ id: sourceId })
      .getOneOrFail();
    const { location, options, sealedConnection } = row;
    if (location.kind !== 'POSTGRES') return { source: location, options };
    if (!sealedConnection) throw new Error(`source ${sourceId} has no connection`);
    return { source: { ...location, connection: this.seal.open(sealedConnection, sourceId) }, options };
  }

  /** READY versions of a dataset. */
  versionsOf(datasetId: string, page: PageArgs): Promise<Page<DatasetVersion>> {
    const query = this.manager.createQueryBuilder(DatasetVersion, 'version').where({ datasetId, state: 'READY' });
    return paginate(query, 'version', page);
  }

  /** All extractions of a dataset, however they ended. */
  extractionsOf(datasetId: string, page: PageArgs): Promise<Page<DatasetVersion>> {
    return paginate(this.manager.createQueryBuilder(DatasetVersion, 'version').where({ datasetId }), 'version', page);
  }

  /** The newest READY versions by dataset id. */
  async latestVersions(datasetIds: readonly string[]): Promise<Map<string, ReadyVersion>> {
    const versions = await this.manager
      .createQueryBuilder(DatasetVersion, 'version')
      .distinctOn(['version.dataset_id'])
      .where({ datasetId: In([...datasetIds]), state: 'READY' })
      .orderBy('version.dataset_id')
      .addOrderBy('version.number', 'DESC')
      .getMany();
    return new Map(versions.filter(isReady).map((version) => [version.datasetId, version]));
  }

  async latestReadyVersion(datasetId: string): Promise<ReadyVersion | undefined> {
    return (await this.latestVersions([datasetId])).get(datasetId);
  }

  /** A version with a snapshot; null if it was deleted. */
  async findVersion(id: string): Promise<ReadyVersion | null> {
    const version = await this.manager.findOneBy(DatasetVersion, { id });
    return version && isReady(version) ? version : null;
  }

  /** A version with a snapshot. @throws AppError NOT_FOUND */
  async versionById(id: string): Promise<ReadyVersion> {
    const version = await this.findVersion(id);
    if (version) return version;
    throw new AppError('NOT_FOUND', `There is no dataset version ${id}; it may have been deleted.`);
  }

  /** A version with a snapshot, the newest if no number is given. @throws AppError NOT_FOUND */
  async versionByNumber(name: string, number?: number | null, manager = this.manager): Promise<ReadyVersion> {
    const dataset = await this.byName(name, manager);
    const given = typeof number === 'number' && { number };
    const version = await manager.findOne(DatasetVersion, {
      where: { datasetId: dataset.id, state: 'READY', ...given },
      order: { number: 'DESC' },
    });
    if (version && isReady(version)) return version;
    const wanted = given ? `no version ${number}` : 'no version yet: call extractDataset';
    throw new AppError('NOT_FOUND', `Dataset ${name} has ${wanted}.`);
  }

  /** Large columns that most queries do without, by version id. */
  async detailsOf(ids: readonly string[]): Promise<Map<string, Pick<DatasetVersion, 'profile' | 'firstRows'>>> {
    const versions = await this.manager.find(DatasetVersion, {
      where: { id: In([...ids]) },
      select: { id: true, profile: true, firstRows: true },
    });
    return new Map(versions.map((version) => [version.id, version]));
  }

  /** Copies the Parquet file of a version to a local path. */
  download(version: ReadyVersion, path: string, signal?: AbortSignal): Promise<void> {
    return this.objects.download(version.objectKey, path, signal);
  }

  /** Opens the Parquet file of a version for a user, which the audit log notes. */
  async open(version: ReadyVersion, principal: Principal): Promise<Readable> {
    const stream = await this.objects.read(version.objectKey);
    const subject = { kind: 'dataset_version', id: version.id };
    await this.audit.record(this.manager, { actor: principal, action: 'dataset_version.downloaded', subject });
    return stream;
  }

  /** Undefined if the name is taken. */
  private async insert(
    manager: EntityManager,
    { name, source, options }: DatasetOrder,
    createdBy: string | null,
  ): Promise<Dataset | undefined> {
    if (!NAME.test(name)) {
      throw new AppError(
        'BAD_INPUT',
        `${JSON.stringify(name)} can't be the name of a dataset: use up to 63 of a-z, 0-9, - and _, and begin with a letter or digit.`,
      );
    }
    const id = uuidv7();
    const insert = manager.createQueryBuilder().insert().into(Dataset).orIgnore().returning('id');
    const { raw } = (await insert.values({ id, name, createdBy }).execute()) as { raw: unknown[] };
    if (raw.length === 0) return undefined;
    await this.insertSource(manager, id, source, options);
    return manager.findOneByOrFail(Dataset, { id });
  }

  private async insertSource(
    manager: EntityManager,
    datasetId: string,
    source: SourceSpec,
    options: ReadOptions,
  ): Promise<void> {
    const id = uuidv7();
    const location = locationOf(source, { allowList: this.config.SOURCE_ALLOW_LIST }, this.config.SOURCE_S3_ALLOW_LIST);
    const sealedConnection = source.kind === 'POSTGRES' ? this.seal.seal(source.connection, id) : null;
    const row = { id, datasetId, kind: source.kind, location, sealedConnection, options };
    await manager.save(DataSourceRow, manager.create(DataSourceRow, row));
  }

  private record(manager: EntityManager, actor: Principal, action: string, id: string, details: object): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'dataset', id }, details: { ...details } });
  }
}

/** Tables of other features refer to datasets; which they are is their business. */
async function unlessUsed(deletion: Promise<unknown>, what: string): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    const isUsed =
      error instanceof QueryFailedError && (error.driverError as { code?: unknown }).code === FOREIGN_KEY_VIOLATION;
    if (!isUsed) throw error;
    throw new AppError(
      'CONFLICT',
      `${what} is still needed by a model or a training run. Delete that first.`,
      undefined,
      {
        cause: error,
      },
    );
  }
}
