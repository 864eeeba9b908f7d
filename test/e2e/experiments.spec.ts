import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSubscriber } from '../support/subscriptions.js';
import { registerData, WEATHER_FEATURES, weatherSql } from '../support/training-data.js';

const TRIAL =
  'number algorithm hyperparameters state rung rows score seconds failure results { rung rows score metrics }';
const EXPERIMENT = `id state progress message failure metric higherIsBetter seed log budget { trials minutes }
  space { algorithm hyperparameter min max scale values } model { name } best { ${TRIAL} }
  trials(first: 50) { nodes { ${TRIAL} } }
  run { id trigger state algorithm hyperparameters metrics { name validation } version { version } }`;
const START = `mutation ($input: StartExperimentInput!) { startExperiment(input: $input) { ${EXPERIMENT} } }`;
const CANCEL = `mutation ($id: ID!) { cancelExperiment(id: $id) { ${EXPERIMENT} } }`;

let database: TestDatabase;
let boucle: Boucle;
let engineer: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
  engineer = await signUp(boucle, database, 'ENGINEER');
  await registerData(database, boucle.home, 'weather', weatherSql(6000));
});

afterAll(async () => {
  await boucle.stop();
  await database.drop();
});

const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, engineer.token);

async function refusal(query: string, variables: object): Promise<string> {
  const { errors } = await boucle.graphql(query, variables, engineer.token);
  return `${errors?.[0]?.extensions['code'] ?? ''}: ${errors?.[0]?.message ?? 'accepted'}`;
}

async function createModel(name: string, change: object = {}): Promise<void> {
  const input = { name, task: 'CLASSIFICATION', dataset: 'weather', target: 'weather', features: WEATHER_FEATURES };
  await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
    input: { ...input, ...change },
  });
}

async function start(input: object): Promise<any> {
  return (await ask(START, { input })).startExperiment;
}

async function until(id: string, accept: (experiment: any) => boolean, seconds = 60): Promise<any> {
  let experiment: any;
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    ({ experiment } = await ask(`query ($id: ID!) { experiment(id: $id) { ${EXPERIMENT} } }`, { id }));
    if (accept(experiment)) return experiment;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited for ${seconds} s in vain: ${JSON.stringify(experiment)}\n${boucle.output()}`);
}

/** The gate decides in a job of its own, a moment after the run has ended. */
async function decisions(): Promise<unknown[]> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const found = await database.query('SELECT action, version_number FROM promotion');
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the gate decided nothing\n${boucle.output()}`);
}

const isOver = ({ state }: any): boolean => ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state);
const SMALL = [{ hyperparameter: 'trees', min: 3, max: 12 }, { hyperparameter: 'rounds', values: [20] }]; // prettier-ignore

describe('an experiment', () => {
  it('trains the best of its trials as a version, with the very score of that trial, before the gate', async () => {
    await createModel('kinds');
    const input = { model: 'kinds', space: SMALL, budget: { trials: 9 }, seed: 3 };
    const started = await start(input);
    expect(started).toMatchObject({ state: 'QUEUED', metric: 'logLoss', higherIsBetter: false, seed: 3, run: null });
    expect(started.space).toContainEqual({
      algorithm: 'RANDOM_FOREST',
      hyperparameter: 'trees',
      min: 3,
      max: 12,
      scale: 'LINEAR',
      values: null,
    });
    const subscriber = await openSubscriber(boucle, { authorization: `Bearer ${engineer.token}` });
    const subscription = subscriber.subscribe(
      'subscription ($id: ID!) { experimentChanged(id: $id) { state progress message best { number } } }',
      { id: started.id },
    );
    expect(await refusal(START, { input })).toMatch(/^CONFLICT: This model has an experiment under way, .*cancelExp/);
    expect(await refusal('mutation { deleteModel(name: "kinds") }', {})).toMatch(/^INVALID_STATE: .*under way/);

    const experiment = await until(started.id, isOver);
    expect(experiment).toMatchObject({ state: 'SUCCEEDED', progress: 1, failure: null, budget: { trials: 9 } });
    expect(experiment.log).toMatch(/9 of 9 trials, on 1\d{3}, 4\d{3} rows/);
    const trials: any[] = experiment.trials.nodes;
    expect(trials.map(({ state }) => state)).toEqual(Array(9).fill('SCORED'));
    expect(new Set(trials.map(({ algorithm }) => algorithm)).size).toBe(3);
    // Best first: three that reached the top rung, then the others.
    expect(trials.map(({ rung }) => rung)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0]);
    for (const [from, to] of [
      [0, 3],
      [3, 9],
    ] as const) {
      // prettier-ignore
      const scores = trials.slice(from, to).map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => a - b));
    }
    const { best, run } = experiment;
    expect(best).toEqual(trials[0]);
    expect(best.results.map(({ rung }: any) => rung)).toEqual([0, 1]);
    expect(best.results[1].metrics).toMatchObject({ logLoss: best.score, accuracy: expect.any(Number) });

    const { algorithm, hyperparameters } = best;
    expect(run).toMatchObject({ trigger: 'EXPERIMENT', state: 'SUCCEEDED', algorithm, hyperparameters });
    expect(run.metrics.find(({ name }: any) => name === 'logLoss').validation).toBe(best.score);
    await subscriber.until(() =>
      subscriber.received.some(({ type, id }) => type === 'complete' && id === subscription),
    );
    const seen = subscriber.dataOf(subscription).map(({ experimentChanged }) => experimentChanged);
    expect(seen.some(({ state, message }) => state === 'SEARCHING' && /^trial \d+ on \d+ rows: /.test(message))).toBe(
      true,
    );
    expect(seen.at(-1)).toMatchObject({ state: 'SUCCEEDED', best: { number: best.number } });
    subscriber.close();

    expect(await decisions()).toEqual([{ action: 'PROMOTED', version_number: run.version.version }]);
    const audit = await database.query(`SELECT action FROM audit_event WHERE subject_id = '${started.id}'`);
    expect(audit).toEqual([{ action: 'experiment.started' }]);
  }, 90_000);

  it('tries the same with the same seed', async () => {
    const before = await ask(
      '{ experiments(model: "kinds") { nodes { id trials(order: NUMBER) { nodes { hyperparameters score } } } } }',
    );
    const again = await start({ model: 'kinds', space: SMALL, budget: { trials: 3 }, seed: 3 });
    const { trials } = (
      await ask('query ($id: ID!) { experiment(id: $id) { trials(order: NUMBER) { nodes { hyperparameters } } } }', {
        id: (await until(again.id, isOver)).id,
      })
    ).experiment;
    const [experiment] = before.experiments.nodes;
    const configurations = (nodes: any[]): unknown[] => nodes.map(({ hyperparameters }) => hyperparameters);
    expect(configurations(trials.nodes)).toEqual(configurations(experiment.trials.nodes).slice(0, 3));
  }, 90_000);

  it('weighs rows and scores by folds where asked to, and so does the training of the best', async () => {
    const choice = { folds: 2, classWeights: { fog: 2 }, weightColumn: 'temperature' };
    const fields = 'folds classWeights weightColumn';
    const input = { model: 'kinds', algorithms: ['LOGISTIC_REGRESSION'], budget: { trials: 2 }, ...choice };
    expect(await refusal(START, { input: { ...input, weightColumn: 'wind' } })).toMatch(
      /^BAD_INPUT: wind is a feature/,
    );
    expect(await refusal(START, { input: { ...input, folds: 1 } })).toMatch(/^BAD_INPUT: .*folds: .*2/);
    const { id } = await start(input);
    const { best, state } = await until(id, isOver);
    expect(state).toBe('SUCCEEDED');
    const query = `query ($id: ID!) { experiment(id: $id) { ${fields} run { ${fields}
      version { metrics { name foldMean } } } } }`;
    const { experiment } = await ask(query, { id });
    expect(experiment).toMatchObject({ ...choice, run: choice });
    const { metrics } = experiment.run.version;
    expect(metrics.find(({ name }: any) => name === 'logLoss').foldMean).toBe(best.score);
  }, 60_000);

  it('lists its trials in pages, in either order', async () => {
    const { experiments } = await ask(
      '{ experiments(model: "kinds", first: 1) { nodes { id } pageInfo { endCursor hasNextPage } } }',
    );
    expect(experiments.pageInfo.hasNextPage).toBe(true);
    const older = await ask(
      'query ($after: String) { experiments(after: $after) { nodes { id trials(first: 50) { nodes { number } } } } }',
      {
        after: experiments.pageInfo.endCursor,
      },
    );
    const [{ id, trials: all }] = older.experiments.nodes;
    for (const order of ['BEST', 'NUMBER']) {
      const numbers: number[] = [];
      let after: string | null = null;
      do {
        const { experiment } = await ask(
          'query ($id: ID!, $after: String, $order: TrialOrder!) { experiment(id: $id) { trials(first: 4, after: $after, order: $order) { nodes { number } pageInfo { endCursor hasNextPage } } } }',
          { id, after, order },
        );
        numbers.push(...experiment.trials.nodes.map(({ number }: any) => number));
        after = experiment.trials.pageInfo.hasNextPage ? experiment.trials.pageInfo.endCursor : null;
      } while (after !== null);
      const expected = all.nodes.map(({ number }: any) => number);
      expect(numbers).toEqual(order === 'BEST' ? expected : [...expected].sort((a, b) => a - b));
    }
    const broken = 'query ($id: ID!) { experiment(id: $id) { trials(after: "bm90aGluZw") { nodes { number } } } }';
    expect(await refusal(broken, { id })).toMatch(/^BAD_INPUT: after is no cursor/);
  });

  it('stops in the middle of a trial when its time is over, and trains the best it has', async () => {
    await createModel('timed', { primaryMetric: 'accuracy' });
    const space = [{ hyperparameter: 'trees', values: [1, 2, 3, 4, 5, 6, 7, 8, 2000] }];
    const before = Date.now();
    const { id } = await start({ model: 'timed', algorithms: ['RANDOM_FOREST'], space, budget: { minutes: 0.05 } });
    const searched = await until(id, ({ run, state }) => run !== null || isOver({ state }));
    expect(Date.now() - before).toBeLessThan(15_000);
    expect(searched).toMatchObject({ higherIsBetter: true, budget: { trials: 500, minutes: expect.closeTo(0.05) } });
    expect(searched.log).toContain('the time of the search is over');
    const states = searched.trials.nodes.map(({ state }: any) => state);
    expect(states).not.toContain('RUNNING');
    await ask(CANCEL, { id }).catch(() => undefined); // What it found may take long to train; it is not looked at here.
    await until(id, isOver);
  }, 60_000);

  it('is cancelled within seconds, with what it was doing', async () => {
    await createModel('cancelled');
    const space = [{ hyperparameter: 'trees', values: [2000] }];
    const { id } = await start({ model: 'cancelled', algorithms: ['RANDOM_FOREST'], space, budget: { trials: 1 } });
    await until(id, ({ message }) => /tree \d/.test(message));
    const before = Date.now();
    expect((await ask(CANCEL, { id })).cancelExperiment.state).toBe('CANCELLING');
    const experiment = await until(id, isOver);
    expect(Date.now() - before).toBeLessThan(5000);
    expect(experiment).toMatchObject({ state: 'CANCELLED', run: null, best: null });
    expect(experiment.trials.nodes).toMatchObject([{ number: 1, state: 'STOPPED', score: null, rung: null }]);
    expect(await refusal(CANCEL, { id })).toBe(
      `INVALID_STATE: Experiment ${id} is CANCELLED. Nothing is left to cancel.`,
    );
  }, 60_000);

  it.each([
    [{ budget: {} }, /^BAD_INPUT: .*must have trials or minutes/],
    [{ budget: { trials: 0 } }, /^BAD_INPUT: .*must be 1 at least/],
    [{ budget: { trials: 501 } }, /^BAD_INPUT: .*must be 500 at most/],
    [{ budget: { minutes: -1 } }, /^BAD_INPUT: .*must be above 0/],
    [{ algorithms: ['LINEAR_REGRESSION'] }, /^BAD_INPUT: LINEAR_REGRESSION can't learn a CLASSIFICATION/],
    [{ space: [{ hyperparameter: 'depth', values: [1] }] }, /^BAD_INPUT: space: .*no hyperparameter "depth"/],
    [
      { space: [{ hyperparameter: 'trees', min: 10, max: 5000 }] },
      /^BAD_INPUT: space: .*between 1 and 2000; 5000 does not/,
    ],
    [{ model: 'nobody' }, /^NOT_FOUND/],
    [{ datasetVersion: 99 }, /^NOT_FOUND/],
  ])('refuses %j', async (change, message) => {
    const input = { model: 'cancelled', budget: { trials: 1 }, ...change };
    expect(await refusal(START, { input })).toMatch(message);
  });
});
