import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import type { TreeEnsemble } from '../../src/ml/schema/tree-ensemble.js';
import type { Signature } from '../../src/ml/schema/signature.js';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
/** Of wind, precipitation, holiday, north and south. */
const MEANS = [1, 0.5, 0.25, 0.5, 0.5];
/** What each adds to the temperature of ROW: its coefficient times its distance from the mean. */
const PARTS = { wind: 2 * 1, precipitation: -1 * 0.5, holiday: 4 * 0.75, station: 1 * 0.5 + -1 * -0.5 };

const GALE: Signature = {
  task: 'CLASSIFICATION',
  target: 'gale',
  features: [{ name: 'wind', type: 'NUMBER', nullable: false }],
  classes: ['no', 'yes'],
};

const STUMP: TreeEnsemble = {
  roots: Int32Array.of(0),
  feature: Int32Array.of(0, -1, -1),
  threshold: Float32Array.of(9, 0, 0),
  left: Int32Array.of(1, 0, 0),
  right: Int32Array.of(2, 0, 0),
  missingLeft: Uint8Array.of(0, 0, 0),
  values: Float32Array.of(0, 0, 0.875, 0.125, 0.25, 0.75),
  width: 2,
};

function gale(trees: TreeEnsemble): Uint8Array {
  const graph = new GraphBuilder();
  graph.output('output', graph.treeEnsembleClassifier(graph.input('wind', 'float'), trees, ['no', 'yes']));
  return encodeModel(graph.build('gale'));
}

const PREDICT = `mutation ($input: PredictInput!) { predict(input: $input) { predictions {
  value explanation { unit calibrated scores { class base output contributions } } } } }`;

let database: TestDatabase;
let boucle: Boucle;
let user: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
  user = await signUp(boucle, database, 'ADMIN', true);
  const linear = { algorithm: 'LINEAR_REGRESSION', signature: TEMPERATURE } as const;
  await registerVersion(database, boucle.home, { model: 'temperature', ...linear, columnMeans: MEANS });
  await registerVersion(database, boucle.home, { model: 'old', ...linear });
  await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER, columnMeans: MEANS });
  const forest = { model: 'gale', signature: GALE, algorithm: 'RANDOM_FOREST' } as const;
  const counted = gale({ ...STUMP, covers: Float32Array.of(100, 80, 20) });
  await registerVersion(database, boucle.home, { ...forest, onnx: counted });
  await registerVersion(database, boucle.home, { ...forest, onnx: gale(STUMP), stage: 'CANDIDATE' });
});

afterAll(async () => {
  await boucle.stop();
  await database.drop();
});

async function predict(model: string, body: object): Promise<{ status: number; body: any }> {
  const response = await boucle.fetch(`/v1/models/${model}/predict`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    token: user.token,
  });
  return { status: response.status, body: await response.json() };
}

const logged = async (): Promise<number> =>
  (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction'))[0]!.n;

describe('an explanation', () => {
  it('of a linear regression has what each column adds to the mean, categories as one', async () => {
    const { body } = await predict('temperature', { rows: [ROW], explain: true });
    // 10 + 2·1 − 0.5 + 4·0.25
    expect(body.predictions).toEqual([
      {
        id: expect.any(String),
        value: 18,
        explanation: {
          unit: 'VALUE',
          calibrated: false,
          scores: [{ class: null, base: 12.5, output: 18, contributions: PARTS }],
        },
      },
    ]);
  });

  it('of two classes explains the log-odds of the second, in GraphQL as in REST', async () => {
    const request = { rows: [ROW], explain: true };
    const rest = await predict('weather', request);
    const graphql = await boucle.ask(PREDICT, { input: { model: 'weather', ...request } }, user.token);
    const { explanation } = rest.body.predictions[0];
    expect(explanation).toEqual({
      unit: 'LOG_ODDS',
      calibrated: false,
      scores: [{ class: 'sun', base: -10 + 2.5, output: -2, contributions: PARTS }],
    });
    expect(graphql.predict.predictions[0].explanation).toEqual(explanation);
  });

  it('of a forest explains the probability', async () => {
    const { body } = await predict('gale', { rows: [{ wind: 12 }], explain: true });
    const [score] = body.predictions[0].explanation.scores;
    // 0.8 · 0.125 + 0.2 · 0.75
    expect(score).toMatchObject({ class: 'yes', output: 0.75 });
    expect(score.base).toBeCloseTo(0.25, 7);
    expect(score.contributions.wind).toBeCloseTo(0.5, 7);
  });

  it('is not there unless somebody asks', async () => {
    const { body } = await predict('temperature', { rows: [ROW] });
    expect(body.predictions[0]).not.toHaveProperty('explanation');
    const { predict: graphql } = await boucle.ask(
      PREDICT,
      { input: { model: 'temperature', rows: [ROW] } },
      user.token,
    );
    expect(graphql.predictions[0].explanation).toBeNull();
  });
});

describe('a refusal', () => {
  it.each([
    ['old', {}, 'the means of its columns'],
    ['gale', { version: 2 }, 'how many training rows'],
  ])('names why %s can not be explained, and logs nothing', async (model, choice: { version?: number }, reason) => {
    const before = await logged();
    const rows = [model === 'gale' ? { wind: 1 } : ROW];
    const path = choice.version ? `${model}/versions/${choice.version}` : model;
    const { status, body } = await predict(path, { rows, explain: true });
    expect([status, body.error.code]).toEqual([409, 'INVALID_STATE']);
    expect(body.error.message).toContain(reason);
    expect(await logged()).toBe(before);
    expect((await predict(path, { rows })).status).toBe(200);
  });

  it('of more rows than are explained says how many are', async () => {
    const rows = Array.from({ length: 101 }, () => ROW);
    const { status, body } = await predict('temperature', { rows, explain: true });
    expect([status, body.error.code]).toEqual([413, 'LIMIT_EXCEEDED']);
    expect(body.error.message).toContain('at most 100');
  });
});

describe('in a canary', () => {
  const start = async (model: string, share: number): Promise<void> => {
    const input = { model, version: 2, kind: 'CANARY', share, reason: 'to see it explained' };
    await boucle.ask(
      'mutation ($input: StartChallengeInput!) { startChallenge(input: $input) { challenge { share } } }',
      { input },
      user.token,
    );
    await delay(1_050);
  };

  it('each row is explained by the version that answered it', async () => {
    const linear = { model: 'tried', algorithm: 'LINEAR_REGRESSION', signature: TEMPERATURE } as const;
    await registerVersion(database, boucle.home, { ...linear, columnMeans: MEANS });
    const means = [0, 0, 0, 0, 0];
    await registerVersion(database, boucle.home, { ...linear, columnMeans: means, stage: 'CANDIDATE' });
    await start('tried', 0.5);
    const rows = Array.from({ length: 60 }, () => ROW);
    const { body } = await predict('tried', { rows, explain: true });
    const bases = new Map<unknown, Set<number>>([
      [undefined, new Set()],
      [2, new Set()],
    ]);
    for (const { version, explanation } of body.predictions) bases.get(version)!.add(explanation.scores[0].base);
    expect([...bases.get(undefined)!]).toEqual([12.5]);
    expect([...bases.get(2)!]).toEqual([10]);
  });

  it('the champion answers, and explains, what a challenger can not explain', async () => {
    await start('gale', 0.5);
    const rows = Array.from({ length: 20 }, () => ({ wind: 3 }));
    const plain = await predict('gale', { rows });
    expect(plain.body.predictions.some(({ version }: any) => version === 2)).toBe(true);
    const { status, body } = await predict('gale', { rows, explain: true });
    expect(status).toBe(200);
    expect(body.predictions.every(({ version, explanation }: any) => !version && explanation)).toBe(true);
  });
});
