import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/config.js';
import { databaseOptions } from '../../src/platform/database/data-source.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import { ScriptChannels } from '../../src/training/script/script-channels.js';
import { TrainingRun } from '../../src/training/training-run.entity.js';
import { TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { registerData } from '../support/training-data.js';

const HOUR_MS = 3_600_000;
const FILES = ['training.json', 'training.parquet', 'validation.parquet'];

describe('the collection of what training scripts were given', () => {
  let home: string;
  let database: TestDatabase;
  let source: DataSource;
  let store: FileObjectStore;
  let channels: ScriptChannels;
  let modelId: string;
  let versionIds: readonly string[];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'boucle-divisions-'));
    database = await createTestDatabase();
    const config = loadConfig({ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET });
    source = new DataSource({ ...databaseOptions(config), entities: [TrainingRun] });
    await source.initialize();
    store = new FileObjectStore(`file://${home}/objects`);
    channels = new ScriptChannels(store, source.getRepository(TrainingRun), config);
    ({ modelId } = await registerVersion(database, home, { model: 'm', signature: TEMPERATURE }));
    const datasets = ['a', 'b'].map((name) => registerData(database, home, name, 'SELECT 1 AS wind'));
    versionIds = (await Promise.all(datasets)).map(({ versionId }) => versionId);
  });

  afterEach(async () => {
    for (const key of await divisions()) await store.delete(key);
    await database.query('DELETE FROM training_run');
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
    await rm(home, { recursive: true });
  });

  /** A division of data as `provide` leaves it, whose files were made so long ago. */
  async function division(versionId: string, hash: string, ages: readonly number[]): Promise<string[]> {
    const empty = join(home, 'empty');
    await writeFile(empty, '{}');
    const keys = FILES.map((name) => `training/divisions/${versionId}/${hash}/${name}`);
    for (const [index, key] of keys.entries()) {
      await store.putFile(key, empty);
      const madeAt = new Date(Date.now() - (ages[index] ?? ages[0]!) * HOUR_MS);
      await utimes(join(home, 'objects', key), madeAt, madeAt);
    }
    return keys;
  }

  async function divisions(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list('training/')) keys.push(key);
    return keys.sort();
  }

  async function run(versionId: string, algorithm: string, state: string): Promise<void> {
    await database.query(
      `INSERT INTO training_run
         (id, group_id, model_id, dataset_version_id, trigger, algorithm, hyperparameters, seed, backend, state, finished_at)
       VALUES (gen_random_uuid(), gen_random_uuid(), $1, $2, 'MANUAL', $3, '{}', 1, 'SAGEMAKER', $4::text,
         CASE WHEN $4 = 'CANCELLED' THEN now() END)`,
      [modelId, versionId, algorithm, state],
    );
  }

  it('removes those of a day ago, and keeps younger ones', async () => {
    await division(versionIds[0]!, 'old', [25]);
    const young = await division(versionIds[0]!, 'young', [23]);
    await channels.collect();
    expect(await divisions()).toEqual(young);
  });

  it.each(['QUEUED', 'RUNNING', 'REGISTERING', 'CANCELLING'])(
    'keeps those of data that a script is %s on',
    async (state) => {
      const needed = await division(versionIds[0]!, 'needed', [25]);
      await division(versionIds[1]!, 'other-data', [25]);
      await run(versionIds[0]!, 'FOREIGN', state);
      await run(versionIds[1]!, 'RANDOM_FOREST', 'RUNNING');
      await run(versionIds[1]!, 'FOREIGN', 'CANCELLED');
      await channels.collect();
      expect(await divisions()).toEqual(needed);
    },
  );

  it('removes a division as a whole, though its description was made after its rows', async () => {
    await division(versionIds[0]!, 'in-between', [23.9, 24.1, 24.1]);
    await channels.collect();
    expect(await divisions()).toEqual([]);
  });

  it('leaves what else lies below training/', async () => {
    const other = `training/${versionIds[0]!}/input.json`;
    await writeFile(join(home, 'other'), '{}');
    await store.putFile(other, join(home, 'other'));
    await utimes(join(home, 'objects', other), new Date(0), new Date(0));
    await channels.collect();
    expect(await divisions()).toEqual([other]);
  });
});
