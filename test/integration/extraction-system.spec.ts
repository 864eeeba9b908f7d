import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../src/auth/audit/audit.service.js';
import { loadConfig } from '../../src/config/config.js';
import { ConnectionSeal } from '../../src/datasets/connection-seal.js';
import { DataSourceRow } from '../../src/datasets/data-source.entity.js';
import { Dataset } from '../../src/datasets/dataset.entity.js';
import { DatasetSchedule } from '../../src/datasets/dataset-schedule.entity.js';
import { DatasetVersion } from '../../src/datasets/dataset-version.entity.js';
import { DatasetsService } from '../../src/datasets/datasets.service.js';
import { ExtractionRequests } from '../../src/datasets/extraction-requests.js';
import { ExtractionWorker } from '../../src/datasets/extraction.worker.js';
import { Extractions } from '../../src/datasets/extractions.js';
import { databaseOptions } from '../../src/platform/database/data-source.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import { TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('extractions of the system', () => {
  let database: TestDatabase;
  let source: DataSource;
  let queue: JobQueue;
  let folder: string;
  let datasets: DatasetsService;
  let requests: ExtractionRequests;
  let extractions: Extractions;
  let worker: ExtractionWorker;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'boucle-system-'));
    const config = loadConfig({ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET });
    const entities = [Dataset, DataSourceRow, DatasetSchedule, DatasetVersion];
    source = await new DataSource({ ...databaseOptions(config), entities }).initialize();
    queue = new JobQueue(config);
    await queue.onModuleInit();
    const objects = new FileObjectStore(pathToFileURL(join(folder, 'objects')).href);
    const audit = new AuditService(source.manager);
    datasets = new DatasetsService(source, queue, objects, new ConnectionSeal(config), audit, config);
    extractions = new Extractions(source, queue);
    requests = new ExtractionRequests(source, datasets, extractions, objects, audit, config);
    worker = new ExtractionWorker(extractions, datasets, objects, config);
  });

  afterAll(async () => {
    await queue.onApplicationShutdown();
    await source.destroy();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const work = async (versionId: string): Promise<DatasetVersion> => {
    const context = { id: versionId, signal: new AbortController().signal, attempt: 1, isLastAttempt: false };
    await worker.handle({ versionId }, context);
    return extractions.byId(versionId);
  };
  const uploads = async () => {
    const names = await readdir(join(folder, 'objects', 'uploads'));
    return names.length;
  };
  async function file(lines: readonly object[]): Promise<string> {
    const path = join(folder, `${uuidv7()}.ndjson`);
    await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return path;
  }
  const nothing = () => Promise.resolve();

  it('turn a file that a job made into a version of a dataset that is the system’s own', async () => {
    const path = await file([
      { x: 1.5, label: 'a' },
      { x: 2.5, label: 'b' },
    ]);
    let followed = '';
    const version = await requests.ingestFile({ dataset: 'churn-labelled', path, format: 'NDJSON' }, (_, { id }) => {
      followed = id;
      return Promise.resolve();
    });
    expect(followed).toBe(version.id);
    expect(version).toMatchObject({ state: 'QUEUED', requestedBy: null });
    expect(await uploads()).toBe(1);
    expect(await work(version.id)).toMatchObject({
      state: 'READY',
      number: 1,
      rows: 2,
      schema: [
        { name: 'x', type: 'NUMBER' },
        { name: 'label', type: 'STRING' },
      ],
    });
    expect(await uploads()).toBe(0);
    expect(await datasets.byName('churn-labelled')).toMatchObject({ createdBy: null });
  });

  it('add versions to the same dataset, also of another format; the same rows make none', async () => {
    const rows = [{ x: 1 }, { x: 2 }];
    const numbers: unknown[] = [];
    for (const lines of [rows, rows, [...rows, { x: 3 }]]) {
      const path = await file(lines);
      const { id } = await requests.ingestFile({ dataset: 'grown', path, format: 'NDJSON' }, nothing);
      numbers.push((await work(id)).number);
    }
    expect(numbers).toEqual([1, null, 2]);
    const path = join(folder, 'array.json');
    await writeFile(path, JSON.stringify([{ x: 9 }]));
    const { id } = await requests.ingestFile({ dataset: 'grown', path, format: 'JSON' }, nothing);
    expect(await work(id)).toMatchObject({ state: 'READY', number: 3, rows: 1 });
  });

  it('leave nothing if what follows fails', async () => {
    const path = await file([{ x: 1 }]);
    const ingested = requests.ingestFile({ dataset: 'lost', path, format: 'NDJSON' }, () =>
      Promise.reject(new Error('the retraining was cancelled')),
    );
    await expect(ingested).rejects.toThrow('the retraining was cancelled');
    await expect(datasets.byName('lost')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await uploads()).toBe(0);
  });

  it('do not touch a dataset that a user made', async () => {
    await source.manager.insert(Dataset, { id: uuidv7(), name: 'mine', createdBy: uuidv7() });
    const path = await file([{ x: 1 }]);
    const ingested = requests.ingestFile({ dataset: 'mine', path, format: 'NDJSON' }, nothing);
    await expect(ingested).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/made by a user/),
    });
    expect(await uploads()).toBe(0);
  });

  it('of a source start in the transaction of whoever needs them, which goes on if it may not be', async () => {
    const [datasetId, sourceId] = [uuidv7(), uuidv7()];
    await source.manager.insert(Dataset, { id: datasetId, name: 'fetched', createdBy: uuidv7() });
    const location = { kind: 'HTTP', url: 'https://example.org/x.csv', format: 'CSV' } as const;
    await source.manager.insert(DataSourceRow, {
      id: sourceId,
      datasetId,
      kind: 'HTTP',
      location,
      options: {} as never,
    });
    const rolledBack = source.transaction(async (manager) => {
      await requests.startWithin(manager, datasetId);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(await source.manager.countBy(DatasetVersion, { datasetId })).toBe(0);
    await source.transaction(async (manager) => {
      const version = await requests.startWithin(manager, datasetId);
      expect(version).toMatchObject({ state: 'QUEUED', requestedBy: null });
      await expect(requests.startWithin(manager, datasetId)).rejects.toMatchObject({ code: 'CONFLICT' });
    });
    const rows = await database.query('SELECT 1 FROM dataset_version WHERE dataset_id = $1', [datasetId]);
    expect(rows).toHaveLength(1);
  });
});
