import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../src/config/config.js';
import { DataSourceRow } from '../../src/datasets/data-source.entity.js';
import { Dataset } from '../../src/datasets/dataset.entity.js';
import { DatasetVersion } from '../../src/datasets/dataset-version.entity.js';
import { Extractions } from '../../src/datasets/extractions.js';
import { databaseOptions } from '../../src/platform/database/data-source.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('extractions in the database', () => {
  let database: TestDatabase;
  let source: DataSource;
  let queue: JobQueue;
  let extractions: Extractions;
  let order: { datasetId: string; sourceId: string; requestedBy: null };

  beforeAll(async () => {
    database = await createTestDatabase();
    const config = loadConfig({ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET });
    source = new DataSource({ ...databaseOptions(config), entities: [Dataset, DataSourceRow, DatasetVersion] });
    await source.initialize();
    queue = new JobQueue(config);
    await queue.onModuleInit();
    extractions = new Extractions(source, queue);
  });

  afterEach(() =>
    database.query(`UPDATE dataset_version SET state = 'CANCELLED', finished_at = now() WHERE finished_at IS NULL`),
  );

  afterAll(async () => {
    await queue.onApplicationShutdown();
    await source.destroy();
    await database.drop();
  });

  beforeEach(newDataset);

  async function newDataset(): Promise<void> {
    const [datasetId, sourceId] = [uuidv7(), uuidv7()];
    await source.manager.insert(Dataset, { id: datasetId, name: `d${datasetId}` });
    const location = { kind: 'UPLOAD', format: 'CSV' } as const;
    await source.query(
      'INSERT INTO data_source (id, dataset_id, kind, location, options) VALUES ($1, $2, $3, $4, $5)',
      [sourceId, datasetId, 'UPLOAD', location, {}],
    );
    order = { datasetId, sourceId, requestedBy: null };
  }

  const start = async () => (await source.transaction((manager) => extractions.start(manager, order))).id;
  const startAnother = async () => {
    await newDataset();
    return start();
  };
  const taken = async (id: string) => {
    const lease = await extractions.takeUp(id);
    if (!lease) throw new Error('nothing to take up');
    return lease;
  };
  const snapshot = (hash: string) => ({ objectKey: `datasets/${hash}.parquet`, rows: 1, bytes: 1, schema: [] });
  const jobs = async (id: string) => {
    const rows = await database.query(`SELECT 1 FROM pgboss.job WHERE data->>'versionId' = $1`, [id]);
    return rows.length;
  };

  it('enqueues the job with the row, or neither', async () => {
    const id = await start();
    expect(await jobs(id)).toBe(1);
    let lost = '';
    const failing = source.transaction(async (manager) => {
      order = { ...order };
      await manager.delete(DatasetVersion, { id });
      lost = (await extractions.start(manager, order)).id;
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await jobs(lost)).toBe(0);
    await expect(extractions.byId(lost)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('runs one extraction of a dataset at a time, however many ask at once', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => start()));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = answers.find((answer) => answer.status === 'rejected');
    expect(refused!.reason).toMatchObject({ code: 'CONFLICT' });
  });

  it('lets a worker that lost its lease change nothing', async () => {
    const id = await start();
    const first = await taken(id);
    const second = await taken(id);
    expect(await extractions.report(first, { message: 'late' })).toBeUndefined();
    await extractions.fail(first, 'late');
    await extractions.complete(first, 'a', snapshot('a'));
    expect(await extractions.byId(id)).toMatchObject({ state: 'RUNNING', message: 'starting', attempts: 2 });
    await extractions.complete(second, 'b', snapshot('b'));
    await extractions.complete(second, 'c', snapshot('c'));
    expect(await extractions.byId(id)).toMatchObject({ state: 'READY', number: 1, contentHash: 'b' });
    expect(await extractions.takeUp(id)).toBeUndefined();
  });

  it('does not count a worker that hands its work back', async () => {
    const id = await start();
    const first = await taken(id);
    await extractions.handBack(first, 'the disk is full');
    expect(await extractions.byId(id)).toMatchObject({ message: 'the disk is full', attempts: 0 });
    expect((await taken(id)).version.attempts).toBe(1);
  });

  it('gives an extraction whose worker died in silence during its last attempt a new job, once', async () => {
    const [id, waiting, over] = [await start(), await startAnother(), await startAnother()];
    await taken(id);
    await extractions.fail(await taken(over), 'for a reason');
    await database.query(
      `UPDATE pgboss.job SET state = 'failed', completed_on = now() WHERE data->>'versionId' = ANY ($1)`,
      [[id, over]],
    );
    expect(await extractions.requeueStranded()).toBe(1);
    expect(await extractions.requeueStranded()).toBe(0);
    expect([await jobs(id), await jobs(waiting), await jobs(over)]).toEqual([2, 1, 1]);
  });

  it('ends a cancellation whose worker died', async () => {
    const id = await start();
    const first = await taken(id);
    const wish = await source.transaction((manager) => extractions.requestCancel(manager, id));
    expect(wish.state).toBe('CANCELLING');
    // A result that comes too late is not a version.
    await extractions.complete(first, 'x', snapshot('x'));
    expect(await extractions.byId(id)).toMatchObject({ state: 'CANCELLING', number: null });
    expect(await extractions.takeUp(id)).toBeUndefined();
    expect(await extractions.byId(id)).toMatchObject({ state: 'CANCELLED', objectKey: null });
  });

  it('cancels at once what nobody works on', async () => {
    const id = await start();
    const version = await source.transaction((manager) => extractions.requestCancel(manager, id));
    expect(version.state).toBe('CANCELLED');
    expect(await extractions.takeUp(id)).toBeUndefined();
  });

  it('compares with the newest version only: content that comes back is a version again', async () => {
    const states: unknown[] = [];
    for (const hash of ['a', 'a', 'b', 'a']) {
      const lease = await taken(await start());
      await extractions.complete(lease, hash, snapshot(hash));
      const { state, number } = await extractions.byId(lease.versionId);
      states.push([state, number]);
    }
    expect(states).toEqual([
      ['READY', 1],
      ['UNCHANGED', null],
      ['READY', 2],
      ['READY', 3],
    ]);
  });
});
