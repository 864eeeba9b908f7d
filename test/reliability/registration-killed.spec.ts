import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { CUSTOMERS_CSV, foreignModel, onnxOf } from '../support/foreign-models.js';
import { hangs } from '../support/hostile-models.js';
import { lapseHeartbeats } from '../support/lapsed-heartbeats.js';
import { processesOf } from '../support/processes.js';
import { registerData } from '../support/training-data.js';

const FIT = 'sklearn-linear';

/** One after the other: each goes on where the one before it was killed. */
describe('a registration', () => {
  let database: TestDatabase;
  let api: Boucle;
  let worker: Boucle;
  let engineer: Account;
  let hanging: string;
  let waiting: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } });
    worker = await startWorker();
    engineer = await signUp(api, database, 'ENGINEER');
    await registerData(database, api.home, 'customers', `SELECT * FROM read_csv('${CUSTOMERS_CSV}')`);
    const { task, target, features } = foreignModel(FIT);
    await createModel({ name: 'fit', task, target, features });
    await createModel({ name: 'hanging', task: 'REGRESSION', target: 'spend', features: ['age', 'visits'] });
  });

  afterAll(async () => {
    await worker.stop();
    await api.stop();
    await database.drop();
  });

  const ask = (query: string, variables?: object): Promise<any> => api.ask(query, variables, engineer.token);
  const startWorker = (): Promise<Boucle> =>
    startBoucle({ databaseUrl: database.url, role: 'worker', home: api.home, env: { SHUTDOWN_TIMEOUT_SECONDS: '1' } });

  async function createModel(input: object): Promise<void> {
    await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
      input: { dataset: 'customers', ...input },
    });
  }

  async function register(model: string, onnx: Uint8Array, options: object = {}): Promise<string> {
    const response = await api.fetch(`/v1/model-uploads/${model}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(onnx),
      token: engineer.token,
    });
    const { file } = (await response.json()) as { file: string };
    const { registerModelVersion } = await ask(
      'mutation ($input: RegisterModelVersionInput!) { registerModelVersion(input: $input) { id } }',
      { input: { model, file, ...options } },
    );
    return registerModelVersion.id;
  }

  const cancel = (id: string) =>
    api.graphql(
      'mutation ($id: ID!) { cancelVersionRegistration(id: $id) { state failure message finishedAt } }',
      { id },
      engineer.token,
    );

  async function until(id: string, accept: (registration: any) => boolean): Promise<any> {
    let found: any;
    for (const deadline = Date.now() + 25_000; Date.now() < deadline;) {
      found = await ask(
        'query ($id: ID!) { versionRegistration(id: $id) { state message failure version { version } } }',
        { id },
      );
      if (accept(found.versionRegistration)) return found.versionRegistration;
      await delay(50);
    }
    throw new Error(`waited in vain: ${JSON.stringify(found)}`);
  }

  const untilHanging = async (id: string): Promise<void> => {
    await until(id, ({ state, message }) => state === 'CHECKING' && message === 'scoring rows');
    await delay(500); // Native code has the process for good.
  };
  /** Within a second nothing of it is left. */
  const expectGone = async (id: string): Promise<void> => {
    const deadline = Date.now() + 1000;
    while ((await processesOf(id)).length > 0 && Date.now() < deadline) await delay(50);
    expect(await processesOf(id)).toEqual([]);
  };
  const folderOf = (id: string): string => join(tmpdir(), `boucle-proof-${id}`);

  it('that is cancelled ends at once, its process within a second, and the worker goes on', async () => {
    const id = await register('hanging', hangs());
    await untilHanging(id);
    const { data } = await cancel(id);
    expect(data.cancelVersionRegistration).toMatchObject({ state: 'CANCELLED', failure: null, message: 'cancelled' });
    expect(data.cancelVersionRegistration.finishedAt).not.toBeNull();
    await expectGone(id);
    const { errors } = await cancel(id);
    expect(errors![0]).toMatchObject({ extensions: { code: 'INVALID_STATE' } });
    expect(errors![0]!.message).toMatch(/is CANCELLED. Nothing is left to cancel/);
    expect(await until(id, () => true)).toMatchObject({ state: 'CANCELLED', message: 'cancelled', version: null });
    const audit = await database.query(
      `SELECT details->>'registrationId' AS id FROM audit_event WHERE action = 'model_version.cancelled'`,
    );
    expect(audit).toEqual([{ id }]);
    hanging = await register('hanging', hangs());
    await untilHanging(hanging);
    expect(existsSync(folderOf(id))).toBe(false);
  }, 60_000);

  it('whose worker is killed while the file hangs leaves no process, and can be cancelled', async () => {
    waiting = await register('fit', onnxOf(FIT), { enterGate: true });
    await worker.kill();
    await expectGone(hanging);
    expect(await until(hanging, () => true)).toMatchObject({ state: 'CHECKING', version: null });
    expect(await until(waiting, () => true)).toMatchObject({ state: 'QUEUED', version: null });
    expect((await cancel(hanging)).data.cancelVersionRegistration.state).toBe('CANCELLED');
    await lapseHeartbeats(database);
  }, 60_000);

  it('whose worker is killed before, and again as it registers the version, becomes one version', async () => {
    const lock = new pg.Client({ connectionString: database.url });
    await lock.connect();
    try {
      await lock.query('BEGIN');
      await lock.query(`SELECT id FROM model WHERE name = 'fit' FOR UPDATE`);
      worker = await startWorker();
      await until(waiting, ({ message }) => message === 'registering the version');
      while ((await waitingForLocks()) === 0) await delay(50);
      await worker.kill();
    } finally {
      await lock.end();
    }
    expect(await until(waiting, () => true)).toMatchObject({ state: 'CHECKING', version: null });
    await lapseHeartbeats(database);
    worker = await startWorker();
    const ended = await until(waiting, ({ state }) => state !== 'CHECKING');
    expect(ended).toMatchObject({ state: 'REGISTERED', failure: null, version: { version: 1 } });
    while ((await database.query('SELECT 1 FROM promotion')).length === 0) await delay(50);
    expect(await database.query('SELECT action FROM promotion')).toEqual([{ action: 'PROMOTED' }]);
    expect(await database.query('SELECT registration_id FROM model_version')).toEqual([{ registration_id: waiting }]);
    expect(await database.query('SELECT attempts FROM version_registration WHERE id = $1', [waiting])).toEqual([
      { attempts: 2 },
    ]);
    expect(await until(hanging, () => true)).toMatchObject({ state: 'CANCELLED', failure: null, version: null });
    for (const id of [hanging, waiting]) {
      expect(await processesOf(id)).toEqual([]);
      expect(existsSync(folderOf(id))).toBe(false);
    }
  }, 60_000);

  async function waitingForLocks(): Promise<number> {
    const waits = await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waits.length;
  }
});
