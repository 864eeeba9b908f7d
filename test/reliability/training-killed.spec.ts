import { readFile } from 'node:fs/promises';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { lapseHeartbeats } from '../support/lapsed-heartbeats.js';
import { processesOf } from '../support/processes.js';
import { registerData, WEATHER_FEATURES, weatherSql } from '../support/training-data.js';

/** A dead worker is noticed after its heartbeat of 10 s; the job then waits for the next look and its retry. */
const TAKEN_UP_SECONDS = 45;

describe('a worker killed during a training', () => {
  let database: TestDatabase;
  let api: Boucle;
  let engineer: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } });
    engineer = await signUp(api, database, 'ENGINEER');
    await registerData(database, api.home, 'weather', weatherSql(4000));
    const input = { task: 'CLASSIFICATION', dataset: 'weather', target: 'weather', features: WEATHER_FEATURES };
    await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
      input: { name: 'kinds', ...input },
    });
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  const ask = (query: string, variables?: object): Promise<any> => api.ask(query, variables, engineer.token);
  const workers: Boucle[] = [];

  async function startWorker(env: Record<string, string> = {}): Promise<Boucle> {
    const worker = await startBoucle({ databaseUrl: database.url, role: 'worker', home: api.home, env });
    workers.push(worker);
    return worker;
  }

  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      if (worker.child.exitCode === null && worker.child.signalCode === null) await worker.kill();
    }
  });

  async function start(trees: number): Promise<string> {
    const input = { model: 'kinds', algorithms: ['RANDOM_FOREST'], hyperparameters: { trees } };
    const { startTraining } = await ask(
      'mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }',
      { input },
    );
    return startTraining[0].id;
  }

  const runOf = async (id: string): Promise<any> =>
    (await ask('query ($id: ID!) { trainingRun(id: $id) { state message failure version { version } } }', { id }))
      .trainingRun;

  async function until(id: string, accept: (run: any) => boolean, seconds: number): Promise<any> {
    let run: any;
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
      run = await runOf(id);
      if (accept(run)) return run;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`waited for ${seconds} s in vain: ${JSON.stringify(run)}`);
  }

  const isTraining = (run: any): boolean => /^tree \d/.test(run.message);
  const isFinal = (run: any): boolean => ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(run.state);

  it('ends that training too; another worker begins it again, and it ends once', async () => {
    const first = await startWorker();
    const id = await start(1500);
    await until(id, isTraining, 20);
    expect(await processesOf(id)).toHaveLength(1);
    await first.kill();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await processesOf(id)).toEqual([]);

    const second = await startWorker();
    const run = await until(id, isFinal, TAKEN_UP_SECONDS + 30);
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null, version: { version: 1 } });
    const versions = await database.query('SELECT run_id FROM model_version');
    expect(versions).toEqual([{ run_id: id }]);
    const [row] = await database.query<{ attempts: number }>('SELECT attempts FROM training_run WHERE id = $1', [id]);
    expect(row!.attempts).toBe(2);
    const waitForGate = async (): Promise<unknown[]> => database.query('SELECT action FROM promotion');
    for (let i = 0; i < 100 && (await waitForGate()).length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await waitForGate()).toEqual([{ action: 'PROMOTED' }]);
    expect(await second.stop()).toBe(0);
  }, 120_000);

  it('is not touched by Ctrl-C at the worker, and one that is stopped from outside begins again', async () => {
    const worker = await startWorker();
    const id = await start(1500);
    await until(id, isTraining, 20);
    const [training] = await processesOf(id);
    // A terminal sends SIGINT to the whole group of the worker.
    expect(await groupOf(training!)).not.toBe(await groupOf(worker.child.pid!));
    process.kill(training!, 'SIGTERM');
    const waiting = await until(id, ({ message }) => message.startsWith('waiting for the next attempt'), 20);
    expect(waiting).toMatchObject({ state: 'RUNNING', message: expect.stringContaining('stopped from outside') });
    expect((await until(id, isFinal, TAKEN_UP_SECONDS)).state).toBe('SUCCEEDED');
    const [row] = await database.query<{ attempts: number }>('SELECT attempts FROM training_run WHERE id = $1', [id]);
    expect(row!.attempts).toBe(1);
    expect(await worker.stop()).toBe(0);
  }, 120_000);

  it('while it was being cancelled leads to CANCELLED', async () => {
    const first = await startWorker();
    const id = await start(2000);
    await until(id, isTraining, 20);
    first.child.kill('SIGSTOP'); // So that it can't answer the cancellation any more.
    await ask('mutation ($id: ID!) { cancelTraining(id: $id) { state } }', { id });
    await first.kill();
    await lapseHeartbeats(database);
    const second = await startWorker();
    expect((await until(id, isFinal, TAKEN_UP_SECONDS)).state).toBe('CANCELLED');
    expect(await second.stop()).toBe(0);
  }, 120_000);

  it('is not needed for a stop: a worker that shuts down hands the training back without an attempt', async () => {
    const first = await startWorker({ SHUTDOWN_TIMEOUT_SECONDS: '1' });
    const id = await start(2000);
    await until(id, isTraining, 20);
    await first.stop();
    expect(await processesOf(id)).toEqual([]);
    const [row] = await database.query<{ state: string; attempts: number }>(
      'SELECT state, attempts FROM training_run WHERE id = $1',
      [id],
    );
    expect(row).toEqual({ state: 'RUNNING', attempts: 0 });
    const second = await startWorker();
    expect((await until(id, isFinal, TAKEN_UP_SECONDS + 30)).state).toBe('SUCCEEDED');
    expect(await second.stop()).toBe(0);
  }, 120_000);
});

/** Process group: the third field after the name in brackets. */
async function groupOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8');
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[2]!;
}
