import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { lapseHeartbeats } from '../support/lapsed-heartbeats.js';
import { processesOf } from '../support/processes.js';
import { registerData, WEATHER_FEATURES, weatherSql } from '../support/training-data.js';

/** A dead worker is noticed after its heartbeat of 10 s; the job then waits for the next look and its retry. */
const TAKEN_UP_SECONDS = 45;

describe('a worker killed during an experiment', () => {
  let database: TestDatabase;
  let api: Boucle;
  let engineer: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } });
    engineer = await signUp(api, database, 'ENGINEER');
    await registerData(database, api.home, 'weather', weatherSql(4000));
    const input = { task: 'CLASSIFICATION', dataset: 'weather', target: 'weather', features: WEATHER_FEATURES };
    for (const name of ['kinds', 'others']) {
      await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
        input: { name, ...input },
      });
    }
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  const ask = (query: string, variables?: object): Promise<any> => api.ask(query, variables, engineer.token);
  const workers: Boucle[] = [];

  async function startWorker(): Promise<Boucle> {
    const worker = await startBoucle({ databaseUrl: database.url, role: 'worker', home: api.home });
    workers.push(worker);
    return worker;
  }

  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      if (worker.child.exitCode === null && worker.child.signalCode === null) await worker.kill();
    }
  });

  async function start(model: string, trials: number, trees: readonly [number, number]): Promise<string> {
    const space = [{ hyperparameter: 'trees', min: trees[0], max: trees[1] }];
    const input = { model, algorithms: ['RANDOM_FOREST'], space, budget: { trials } };
    const { startExperiment } = await ask(
      'mutation ($input: StartExperimentInput!) { startExperiment(input: $input) { id } }',
      { input },
    );
    return startExperiment.id;
  }

  async function until(id: string, accept: (experiment: any) => boolean, seconds: number): Promise<any> {
    let found: any;
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
      found = await ask(
        `query ($id: ID!) { experiment(id: $id) { state message failure best { number } run { state version { version } }
          trials(first: 50, order: NUMBER) { nodes { number state failure results { rung seconds } } } } }`,
        { id },
      );
      if (accept(found.experiment)) return found.experiment;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited for ${seconds} s in vain: ${JSON.stringify(found)}`);
  }

  const isOver = ({ state }: any): boolean => ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state);
  const scored = ({ trials }: any): any[] => trials.nodes.filter(({ results }: any) => results.length > 0);

  it('ends the search too; the next one goes on behind what was recorded, and it ends once', async () => {
    const first = await startWorker();
    const id = await start('kinds', 9, [400, 500]);
    const before = await until(id, (found) => scored(found).length >= 2, 30);
    expect(before.state).toBe('SEARCHING');
    expect(await processesOf(id)).toHaveLength(1);
    await first.kill();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await processesOf(id)).toEqual([]);

    const second = await startWorker();
    const after = await until(id, isOver, TAKEN_UP_SECONDS + 45);
    expect(after).toMatchObject({
      state: 'SUCCEEDED',
      failure: null,
      run: { state: 'SUCCEEDED', version: { version: 1 } },
    });
    expect(after.trials.nodes.map(({ state }: any) => state)).toEqual(Array(9).fill('SCORED'));
    // What was recorded was not done again: the very times are still there.
    for (const { number, results } of scored(before)) {
      expect(after.trials.nodes[number - 1].results.slice(0, results.length)).toEqual(results);
    }
    expect(await database.query('SELECT trigger FROM training_run')).toEqual([{ trigger: 'EXPERIMENT' }]);
    expect(await database.query('SELECT number FROM model_version')).toEqual([{ number: 1 }]);
    expect(await second.stop()).toBe(0);
  }, 120_000);

  it('while it was being cancelled leads to CANCELLED, and a search that is killed alone loses one trial only', async () => {
    const first = await startWorker();
    const id = await start('others', 9, [1500, 2000]);
    const { trials } = await until(id, ({ trials: { nodes } }) => nodes.length === 2, 30);
    const [search] = await processesOf(id);
    process.kill(search!, 'SIGKILL');
    const number = trials.nodes.find(({ state }: any) => state === 'RUNNING')?.number ?? 2;
    const failed = await until(id, (found) => found.trials.nodes.some(({ state }: any) => state === 'FAILED'), 10);
    const loser = failed.trials.nodes.find(({ state }: any) => state === 'FAILED');
    expect(loser.number).toBeGreaterThanOrEqual(number);
    expect(loser.failure).toMatch(/was killed, most likely because memory ran out/);
    await until(id, (found) => scored(found).some((trial: any) => trial.number > loser.number), 20);

    first.child.kill('SIGSTOP'); // So that it can't answer the cancellation any more.
    const { cancelExperiment } = await ask('mutation ($id: ID!) { cancelExperiment(id: $id) { state } }', { id });
    expect(cancelExperiment.state).toBe('CANCELLING');
    await first.kill();
    await lapseHeartbeats(database);
    const second = await startWorker();
    expect(await until(id, isOver, TAKEN_UP_SECONDS)).toMatchObject({ state: 'CANCELLED', run: null });
    expect(await second.stop()).toBe(0);
  }, 120_000);
});
