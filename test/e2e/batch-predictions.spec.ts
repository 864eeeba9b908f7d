import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { type Account, createAdministrator } from '../security/callers.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { processesOf } from '../support/processes.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { openSubscriber } from '../support/subscriptions.js';
import { registerData } from '../support/training-data.js';

const FIELDS =
  'id state progress message failure rows unscored bytes downloadPath version { version } datasetVersionId finishedAt';
const START = `mutation ($input: StartBatchPredictionInput!) { startBatchPrediction(input: $input) { ${FIELDS} } }`;
const DELETE = 'mutation ($id: ID!) { deleteBatchPrediction(id: $id) }';
const FOLLOW = 'subscription ($id: ID!) { batchPredictionChanged(id: $id) { state progress version { version } } }';
const ROWS = `SELECT i AS wind, 1 AS precipitation, true AS holiday, 'north' AS station FROM range(1000) t(i)`;
/** More than are scored before somebody can look. */
const MANY = ROWS.replace('1000', '1500000');

describe('batch predictions', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let account: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url });
    account = await createAdministrator(boucle, database.url);
    await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE });
    await registerData(database, boucle.home, 'rows', ROWS);
    await registerData(database, boucle.home, 'many', MANY);
    await registerData(database, boucle.home, 'other', 'SELECT 1 AS wind, 2 AS precipitation, true AS holiday');
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  const ask = (query: string, variables?: object) => boucle.ask(query, variables, account.accessToken);

  async function start(dataset: string): Promise<any> {
    return (await ask(START, { input: { model: 'temperature', dataset } })).startBatchPrediction;
  }

  async function until(id: string, isReached: (batch: any) => boolean): Promise<any> {
    for (let i = 0; i < 300; i++) {
      const { batchPrediction } = await ask(`query ($id: ID!) { batchPrediction(id: $id) { ${FIELDS} } }`, { id });
      if (isReached(batchPrediction)) return batchPrediction;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`batch ${id} did not get there`);
  }

  async function codeOf(query: string, variables: object): Promise<unknown> {
    const { errors } = await boucle.graphql(query, variables, account.accessToken);
    return errors?.[0]?.extensions['code'];
  }

  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );

  const isOver = ({ finishedAt }: any): boolean => finishedAt !== null;

  it('leave a file with each prediction beside its row', async () => {
    const queued = await start('rows');
    expect(queued).toMatchObject({ state: 'QUEUED', version: { version: 1 }, downloadPath: null });
    const batch = await until(queued.id, isOver);
    expect(batch).toMatchObject({ state: 'SUCCEEDED', progress: 1, rows: 1000, unscored: 0 });
    const response = await boucle.fetch(batch.downloadPath, { token: account.accessToken });
    const path = join(boucle.home, 'scored.parquet');
    const file = Buffer.from(await response.arrayBuffer());
    expect(file).toHaveLength(batch.bytes);
    await writeFile(path, file);
    const session = await DuckDbSession.open({ folder: boucle.home, memoryLimit: '128MB' });
    // 10 + 2·wind − 1 + 4 + 1
    const rows = await session.rows(
      `SELECT count(*) AS n, bool_and(predicted_temperature = 14 + 2 * wind) AS good FROM '${path}'`,
    );
    session.close();
    expect(rows).toEqual([{ n: 1000, good: true }]);
    const { batchPredictions } = await ask(`{ batchPredictions(model: "temperature", first: 1) { nodes { id } } }`);
    expect(batchPredictions.nodes).toEqual([{ id: batch.id }]);
  });

  it('name the column that the data lack, before anything begins', async () => {
    const { errors } = await boucle.graphql(
      START,
      { input: { model: 'temperature', dataset: 'other' } },
      account.accessToken,
    );
    expect(errors![0]).toMatchObject({
      extensions: { code: 'BAD_INPUT' },
      message: expect.stringContaining('station'),
    });
  });

  it('are followed until they are cancelled, and leave nothing', async () => {
    const { id } = await start('many');
    const subscriber = await openSubscriber(boucle, { Authorization: `Bearer ${account.accessToken}` });
    const followed = subscriber.subscribe(FOLLOW, { id });
    const seen = (): any[] => subscriber.dataOf(followed).map(({ batchPredictionChanged }) => batchPredictionChanged);
    await subscriber.until(() => seen().some(({ progress }) => progress > 0));
    expect(await codeOf(DELETE, { id })).toBe('INVALID_STATE');
    await ask(`mutation ($id: ID!) { cancelBatchPrediction(id: $id) { id } }`, { id });
    const batch = await until(id, isOver);
    expect(batch).toMatchObject({ state: 'CANCELLED', bytes: null });
    await subscriber.until(() => subscriber.received.some((message) => message.type === 'complete'));
    subscriber.close();
    expect(seen().at(-1)).toEqual({ state: 'CANCELLED', progress: expect.any(Number), version: { version: 1 } });
    expect(await codeOf(`mutation ($id: ID!) { cancelBatchPrediction(id: $id) { id } }`, { id })).toBe('INVALID_STATE');
    for (let i = 0; i < 50 && (await processesOf(id)).length > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await processesOf(id)).toEqual([]);
    const download = await boucle.fetch(`/v1/batch-predictions/${id}/download`, { token: account.accessToken });
    expect(download.status).toBe(409);
  });

  it('are deleted with their files, once', async () => {
    const { id } = await until((await start('rows')).id, isOver);
    const path = join(boucle.home, 'objects', 'batch-predictions', `${id}.parquet`);
    expect((await stat(path)).size).toBeGreaterThan(0);
    expect(await ask(DELETE, { id })).toEqual({ deleteBatchPrediction: true });
    for (let i = 0; i < 100 && (await isThere(path)); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await isThere(path)).toBe(false);
    expect(await codeOf(DELETE, { id })).toBe('NOT_FOUND');
    const download = await boucle.fetch(`/v1/batch-predictions/${id}/download`, { token: account.accessToken });
    expect(download.status).toBe(404);
    const events = await database.query<any>(
      `SELECT details FROM audit_event WHERE action = 'batch_prediction.deleted' AND subject_id = $1`,
      [id],
    );
    expect(events).toEqual([{ details: { versionId: expect.any(String), datasetVersionId: expect.any(String) } }]);
  });

  it('are taken up again when their process was killed', async () => {
    const { id } = await start('many');
    await until(id, ({ progress }) => progress > 0);
    const [child] = await processesOf(id);
    process.kill(child!, 'SIGKILL');
    await until(id, ({ message }) => message.startsWith('waiting for the next attempt'));
    await database.query(`UPDATE dataset_version SET object_key = (SELECT object_key FROM dataset_version v
      JOIN dataset d ON d.id = v.dataset_id WHERE d.name = 'rows') FROM dataset d WHERE d.id = dataset_id AND d.name = 'many'`);
    const batch = await until(id, isOver);
    expect(batch).toMatchObject({ state: 'SUCCEEDED', rows: 1000 });
    const [row] = await database.query<any>('SELECT attempts, lease FROM batch_prediction WHERE id = $1', [id]);
    expect(row).toEqual({ attempts: 1, lease: null });
  });
});
