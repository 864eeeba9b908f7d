import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerData, WEATHER_FEATURES, weatherSql } from '../support/training-data.js';

const RUN = `id groupId algorithm state progress message failure log seed hyperparameters weightColumn classWeights folds startedAt finishedAt
  version { version stage } model { name } metrics { name holdout weightedHoldout folds foldMean foldDeviation }`;
const START = `mutation ($input: StartTrainingInput!) { startTraining(input: $input) { ${RUN} } }`;
const PROMOTIONS = `query ($model: String!) { promotions(model: $model) {
  nodes { action version previousChampion actorId reason evidence } } }`;

let database: TestDatabase;
let boucle: Boucle;
let engineer: Account;
let promoter: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open', TRAINING_PARALLEL: '2' } });
  engineer = await signUp(boucle, database, 'ENGINEER');
  promoter = await signUp(boucle, database, 'ENGINEER', true);
  await registerData(database, boucle.home, 'weather', weatherSql());
});

afterAll(async () => {
  await boucle.stop();
  await database.drop();
});

const ask = (query: string, variables?: object, as = engineer): Promise<any> => boucle.ask(query, variables, as.token);

async function refusal(query: string, variables: object, as = engineer): Promise<{ code: string; message: string }> {
  const { errors } = await boucle.graphql(query, variables, as.token);
  return { code: errors?.[0]?.extensions['code'], message: errors?.[0]?.message ?? 'accepted' };
}

async function createModel(name: string, change: object = {}): Promise<any> {
  const model = {
    name,
    task: 'CLASSIFICATION',
    dataset: 'weather',
    target: 'weather',
    features: WEATHER_FEATURES,
    ...change,
  };
  const { createModel: created } = await ask(
    `mutation ($input: CreateModelInput!) { createModel(input: $input) { id name task primaryMetric promotionMode } }`,
    { input: model },
  );
  return created;
}

const temperature = { task: 'REGRESSION', target: 'temperature', features: ['month', 'pressure', 'wind'] };

async function until<T>(look: () => Promise<T | undefined>, seconds = 40): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited for ${seconds} s in vain\n${boucle.output()}`);
}

const runOf = async (id: string): Promise<any> =>
  (await ask(`query ($id: ID!) { trainingRun(id: $id) { ${RUN} } }`, { id })).trainingRun;

const ended = (id: string): Promise<any> =>
  until(async () => {
    const run = await runOf(id);
    return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(run.state) ? run : undefined;
  });

/** The gate decides in a job of its own, a moment after the last run has ended. */
const decided = (model: string, entries: number): Promise<any[]> =>
  until(async () => {
    const { promotions } = await ask(PROMOTIONS, { model });
    return promotions.nodes.length >= entries ? promotions.nodes : undefined;
  });

async function train(model: string, input: object = {}): Promise<any[]> {
  const { startTraining } = await ask(START, { input: { model, hyperparameters: { trees: 20 }, ...input } });
  return Promise.all(startTraining.map(({ id }: { id: string }) => ended(id)));
}

describe('a training', () => {
  it('of all algorithms for the task registers a version each, and the gate makes the best one champion', async () => {
    await createModel('kinds');
    const runs = await train('kinds');
    expect(runs.map(({ algorithm, state }) => [algorithm, state])).toEqual([
      ['LOGISTIC_REGRESSION', 'SUCCEEDED'],
      ['RANDOM_FOREST', 'SUCCEEDED'],
      ['GRADIENT_BOOSTING', 'SUCCEEDED'],
    ]);
    expect(runs[0].groupId).toBe(runs[1].groupId);
    expect(runs.map(({ version }) => version.version).sort()).toEqual([1, 2, 3]);
    expect(runs[1]).toMatchObject({ progress: 1, failure: null, seed: 42, hyperparameters: { trees: 20 } });
    expect(runs[1].log).toMatch(/RANDOM_FOREST fitted in .* s\n[^]*wrote model\.onnx/);
    const [entry] = await decided('kinds', 1);
    const { model } = await ask(`{ model(name: "kinds") {
      champion { version algorithm stage passedFloors metrics { name holdout low high validation baseline } classMetrics diagnostics calibration warnings { code } summary
        run { id } datasetVersionId model { name } }
      leads { algorithm version } versions { nodes { version stage } } } }`);
    expect(entry).toMatchObject({
      action: 'PROMOTED',
      version: model.champion.version,
      previousChampion: null,
      actorId: null,
    });
    const values = Object.fromEntries(entry.evidence.validation.map((v: any) => [v.number, v.value]));
    expect(values[model.champion.version]).toBe(Math.min(...(Object.values(values) as number[])));
    expect(model.champion.metrics[0].name).toBe('logLoss');
    const { holdout, low, high, baseline } = model.champion.metrics[0];
    expect(holdout).toBeLessThan(baseline);
    expect(low < holdout && holdout < high).toBe(true);
    expect(model.champion.diagnostics).toMatchObject({ task: 'CLASSIFICATION', roc: [{ class: 'fog' }, {}, {}] });
    expect(model.champion.calibration.logLoss.NONE).toBeGreaterThan(0);
    expect(model.leads).toHaveLength(3);
    expect(model.versions.nodes.map((v: any) => v.stage).sort()).toEqual(['CANDIDATE', 'CANDIDATE', 'CHAMPION']);
    expect(runs.map(({ id }) => id)).toContain(model.champion.run.id);
  });

  it('keeps the champion against an equal challenger', async () => {
    await createModel('degrees', temperature);
    await train('degrees', { algorithms: ['LINEAR_REGRESSION'], hyperparameters: {} });
    await decided('degrees', 1);
    await train('degrees', { algorithms: ['LINEAR_REGRESSION'], hyperparameters: {} });
    const [entry] = await decided('degrees', 2);
    expect(entry).toMatchObject({ action: 'DECLINED', version: 2, previousChampion: 1 });
    expect(entry.evidence.comparison).toMatchObject({ difference: 0, low: 0, high: 0 });
    expect(entry.reason).toMatch(
      /does not beat the champion's rmse by more than 0: the gain on \d+ held-out rows is 0/,
    );
  });

  it('replaces the champion by a better one, compared on the same rows of the new version', async () => {
    await createModel('replaced', temperature);
    await train('replaced', { algorithms: ['LINEAR_REGRESSION'], hyperparameters: {} });
    await decided('replaced', 1);
    await train('replaced', { algorithms: ['RANDOM_FOREST'], hyperparameters: { trees: 20 } });
    const [entry] = await decided('replaced', 2);
    expect(entry).toMatchObject({ action: 'PROMOTED', version: 2, previousChampion: 1 });
    expect(entry.evidence.comparison.low).toBeGreaterThan(0);
    const { compareVersions } = await ask(
      `{ compareVersions(model: "replaced", versions: [1, 2]) { comparable metrics { name best values } versions { stage } } }`,
    );
    expect(compareVersions.comparable).toBe(true);
    expect(compareVersions.metrics[0]).toMatchObject({ name: 'rmse', best: 2 });
    const [linear, forest] = compareVersions.metrics[0].values;
    expect(entry.evidence.comparison.difference).toBeCloseTo(linear - forest, 5);
    expect(compareVersions.versions.map((v: any) => v.stage)).toEqual(['RETIRED', 'CHAMPION']);
  });

  it('with a time column holds out the latest rows, and judges on those newer than all that the champion has seen', async () => {
    const weighted = `SELECT *, 1 + wind AS weight FROM (${weatherSql(2000)})`;
    await registerData(database, boucle.home, 'timed', weighted);
    await createModel('timed', { ...temperature, dataset: 'timed', timeColumn: 'day' });
    const { model } = await ask(`{ model(name: "timed") { split timeColumn features } }`);
    expect(model).toEqual({ split: 'TIME', timeColumn: 'day', features: temperature.features });
    const [first] = await train('timed', {
      algorithms: ['LINEAR_REGRESSION'],
      hyperparameters: {},
      folds: 4,
      weightColumn: 'weight',
    });
    expect(first).toMatchObject({ folds: 4, weightColumn: 'weight', classWeights: null });
    const rmse = first.metrics.find(({ name }: { name: string }) => name === 'rmse');
    expect(rmse.folds).toEqual(new Array(4).fill(expect.closeTo(rmse.foldMean, 0)));
    expect(rmse.foldMean).toBeCloseTo(rmse.folds.reduce((sum: number, value: number) => sum + value, 0) / 4, 10);
    expect(rmse.foldDeviation).toBeGreaterThan(0);
    expect(rmse.weightedHoldout).toBeCloseTo(rmse.holdout, 0);
    expect(rmse.weightedHoldout).not.toBe(rmse.holdout);
    await decided('timed', 1);
    // The champion validated on the days 1400 to 1699. Of this snapshot the days from 1530 on are held out.
    await registerData(database, boucle.home, 'timed', weatherSql(1800));
    await train('timed', { algorithms: ['RANDOM_FOREST'], hyperparameters: { trees: 20 } });
    const [entry] = await decided('timed', 2);
    expect(entry).toMatchObject({ action: 'PROMOTED', evidence: { comparison: { rows: 100 } } });
  });

  it('warns of a feature that is the target in disguise, on the run and on the version', async () => {
    const disguised = `SELECT *, temperature * 1.8 + 32 AS fahrenheit FROM (${weatherSql()})`;
    await registerData(database, boucle.home, 'disguised', disguised);
    await createModel('leaky', { ...temperature, dataset: 'disguised', features: ['month', 'fahrenheit'] });
    const [{ id }] = await train('leaky', { algorithms: ['LINEAR_REGRESSION'], hyperparameters: {} });
    const warned = `warnings { code feature message }`;
    const query = `query ($id: ID!) { trainingRun(id: $id) { ${warned} version { ${warned} } } }`;
    const { trainingRun } = await ask(query, { id });
    expect(trainingRun.warnings).toMatchObject([{ code: 'TARGET_LEAKAGE', feature: 'fahrenheit' }]);
    expect(trainingRun.warnings[0].message).toMatch(/alone predicts "temperature" almost perfectly/);
    expect(trainingRun.version.warnings).toEqual(trainingRun.warnings);
  });

  it('learns from the parts of a date, and is asked with the date', async () => {
    await createModel('dated', { ...temperature, features: ['day', 'month'] });
    const [run] = await train('dated', { algorithms: ['RANDOM_FOREST'], hyperparameters: { trees: 5 } });
    expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });
    await decided('dated', 1);
    const { model } = await ask(`{ model(name: "dated") { champion { signature } } }`);
    expect(model.champion.signature.features.map(({ name }: any) => name)).toEqual([
      ...['day.year', 'day.month', 'day.weekday'],
      'month',
    ]);
    const predict = async (row: object): Promise<any> => {
      const response = await boucle.fetch('/v1/models/dated/predict', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows: [row] }),
        token: engineer.token,
      });
      return response.json();
    };
    expect((await predict({ day: '2021-07-14', month: 7 })).predictions[0].value).toEqual(expect.any(Number));
    expect(JSON.stringify(await predict({ day: '14.7.2021', month: 7 }))).toMatch(/a date such as/);
    const [logged] = await database.query<{ inputs: any }>(
      `SELECT inputs FROM prediction JOIN model ON model.id = model_id WHERE model.name = 'dated'`,
    );
    expect(logged!.inputs).toEqual({ day: '2021-07-14', 'day.year': 2021, 'day.month': 7, 'day.weekday': 3, month: 7 });
  });

  it('only recommends in the mode MANUAL, and declines what misses a floor', async () => {
    await createModel('careful', { ...temperature, promotionMode: 'MANUAL' });
    await train('careful', { algorithms: ['LINEAR_REGRESSION'], hyperparameters: {} });
    const [recommended] = await decided('careful', 1);
    expect(recommended.action).toBe('RECOMMENDED');
    const version = `query ($v: Int!) { modelVersion(model: "careful", version: $v) { stage passedFloors } }`;
    expect((await ask(version, { v: 1 })).modelVersion).toEqual({ stage: 'CHALLENGER', passedFloors: true });
    const update = `mutation ($input: UpdateModelInput!) { updateModel(input: $input) { floors { metric value } } }`;
    await ask(update, { input: { name: 'careful', floors: [{ metric: 'r2', value: 0.9999 }] } }, promoter);
    await train('careful', { algorithms: ['LINEAR_REGRESSION'], hyperparameters: {} });
    const [declined] = await decided('careful', 2);
    expect(declined).toMatchObject({ action: 'DECLINED', reason: 'No version of this training passed the floors.' });
    expect((await ask(version, { v: 2 })).modelVersion).toEqual({ stage: 'CANDIDATE', passedFloors: false });
  });

  it('can be cancelled while it runs, within two seconds, and while it waits', async () => {
    await createModel('cancelled');
    const input = { model: 'cancelled', algorithms: ['RANDOM_FOREST'], hyperparameters: { trees: 2000 } };
    const started = await Promise.all([1, 2, 3].map((seed) => ask(START, { input: { ...input, seed } })));
    const ids: string[] = started.map(({ startTraining }) => startTraining[0].id);
    const running = await until(async () => {
      const runs = await Promise.all(ids.map(runOf));
      return runs.find(({ message }) => /^tree \d+ of 2000$/.test(message));
    });
    expect(running.progress).toBeGreaterThan(0);
    const cancel = `mutation ($id: ID!) { cancelTraining(id: $id) { state } }`;
    const before = Date.now();
    expect((await ask(cancel, { id: running.id })).cancelTraining.state).toBe('CANCELLING');
    expect((await ended(running.id)).state).toBe('CANCELLED');
    expect(Date.now() - before).toBeLessThan(2500);
    const others = ids.filter((id) => id !== running.id);
    for (const id of others) await ask(cancel, { id });
    for (const id of others) expect((await ended(id)).state).toBe('CANCELLED');
    expect(await refusal(cancel, { id: running.id })).toEqual({
      code: 'INVALID_STATE',
      message: `Training run ${running.id} is CANCELLED. Nothing is left to cancel.`,
    });
    expect((await ask(`{ model(name: "cancelled") { versions { nodes { id } } } }`)).model.versions.nodes).toEqual([]);
  });

  it('that fails says why, and the next one works', async () => {
    await registerData(database, boucle.home, 'thin', weatherSql(15));
    await createModel('thin', { dataset: 'thin' });
    const [failed] = await train('thin', { algorithms: ['LOGISTIC_REGRESSION'], hyperparameters: {} });
    expect(failed).toMatchObject({ state: 'FAILED', message: 'failed', version: null });
    expect(failed.failure).toMatch(/at least 20 are needed/);
    expect(failed.log).toMatch(/at least 20 are needed/);
    await registerData(database, boucle.home, 'thin', weatherSql(3000));
    const [again] = await train('thin', { algorithms: ['LOGISTIC_REGRESSION'], hyperparameters: {} });
    expect(again.state).toBe('SUCCEEDED');
  });

  it('fails with a clear reason if its data is gone', async () => {
    const { objectKey } = await registerData(database, boucle.home, 'gone', weatherSql());
    await writeFile(join(boucle.home, 'objects', objectKey), 'no parquet at all');
    await createModel('gone', { dataset: 'gone' });
    const [failed] = await train('gone', { algorithms: ['LOGISTIC_REGRESSION'], hyperparameters: {} });
    expect(failed.state).toBe('FAILED');
    expect(failed.failure).toMatch(/snapshot is damaged or no Parquet file\. Extract the dataset again/);
  });
});

describe('input', () => {
  beforeAll(async () => {
    await createModel('inputs');
  });

  const create = `mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }`;
  const base = { name: 'x', task: 'CLASSIFICATION', dataset: 'weather', target: 'weather', features: ['wind'] };

  it.each<[string, object, string, RegExp]>([
    ['a bad name', { name: 'Big Model' }, 'BAD_INPUT', /can't be the name of a model: use up to 63/],
    ['a name that is taken', { name: 'inputs' }, 'CONFLICT', /There is a model inputs already/],
    ['an unknown dataset', { dataset: 'wether' }, 'NOT_FOUND', /no dataset "wether"/],
    ['a missing target', { target: 'wheather' }, 'BAD_INPUT', /Did you mean weather\?/],
    ['an unknown feature', { features: ['pressur'] }, 'BAD_INPUT', /Did you mean pressure\?/],
    ['the target as a feature', { features: ['weather'] }, 'BAD_INPUT', /would predict itself/],
    ['the wrong task', { task: 'REGRESSION' }, 'BAD_INPUT', /weather is a STRING/],
    ['an unknown metric', { primaryMetric: 'rocAuc' }, 'BAD_INPUT', /Choose among logLoss, brier, accuracy/],
    ['a floor of another task', { floors: [{ metric: 'rmse', value: 1 }] }, 'BAD_INPUT', /no metric rmse of a CLASS/],
    ['a time column that is none', { timeColumn: 'wind' }, 'BAD_INPUT', /only be ordered by a DATE or TIMESTAMP/],
    ['an unknown time column', { timeColumn: 'days' }, 'BAD_INPUT', /Did you mean day\?/],
    ['a split by time without a column', { split: 'TIME' }, 'BAD_INPUT', /needs timeColumn/],
    ['two ways to divide', { split: 'STRATIFIED', timeColumn: 'day' }, 'BAD_INPUT', /Leave one of the two out/],
    [
      'strata of numbers',
      { task: 'REGRESSION', target: 'temperature', split: 'STRATIFIED' },
      'BAD_INPUT',
      /a REGRESSION has none/,
    ],
    ['a negative margin', { margin: -1 }, 'BAD_INPUT', /margin must be 0 or more/],
  ])('of createModel with %s is refused', async (_, change, code, message) => {
    const answer = await refusal(create, { input: { ...base, ...change } });
    expect(answer.message).toMatch(message);
    expect(answer.code).toBe(code);
  });

  it.each<[string, object, string, RegExp]>([
    ['an unknown model', { model: 'none' }, 'NOT_FOUND', /no model none/],
    [
      'an unknown hyperparameter',
      { hyperparameters: { tres: 1 } },
      'BAD_INPUT',
      /no hyperparameter tres\. Choose among .*trees/,
    ],
    [
      'a value out of range',
      { hyperparameters: { trees: 0 } },
      'BAD_INPUT',
      /RANDOM_FOREST: "trees" must lie between 1 and 2000/,
    ],
    [
      'text as a value',
      { hyperparameters: { trees: 'many' } },
      'BAD_INPUT',
      /hyperparameters\.trees: must be a number/,
    ],
    [
      'an algorithm of the other task',
      { algorithms: ['LINEAR_REGRESSION'] },
      'BAD_INPUT',
      /can't learn a CLASSIFICATION/,
    ],
    ['an algorithm twice', { algorithms: ['RANDOM_FOREST', 'RANDOM_FOREST'] }, 'BAD_INPUT', /each algorithm once/],
    ['an unknown column of weights', { weightColumn: 'wnd' }, 'BAD_INPUT', /no column wnd for the weight/],
    ['a negative weight', { classWeights: { fog: -1 } }, 'BAD_INPUT', /classWeights\.fog: must not be negative/],
    ['a single fold', { folds: 1 }, 'BAD_INPUT', /folds: .*2/],
    ['a fractional seed', { seed: 1.5 }, 'BAD_INPUT', /seed: must be a whole number/],
    ['an unknown dataset version', { datasetVersion: 99 }, 'NOT_FOUND', /version/],
  ])('of startTraining with %s is refused before anything runs', async (_, change, code, message) => {
    const answer = await refusal(START, { input: { model: 'inputs', ...change } });
    expect(answer.message).toMatch(message);
    expect(answer.code).toBe(code);
    expect(
      await database.query(`SELECT 1 FROM training_run JOIN model ON model.id = model_id WHERE name = 'inputs'`),
    ).toEqual([]);
  });
});
