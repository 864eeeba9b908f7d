import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import type { Signature } from '../../src/ml/schema/signature.js';
import { StickyShare } from '../../src/predictions/challenge/sticky-share.js';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RegisteredVersion, registerVersion, TEMPERATURE } from '../support/served-model.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
/** What the champion of TEMPERATURE says of ROW; the challenger says 100 more. */
const CHAMPIONS = 18;
const CHALLENGERS = 118;
const STALE_MS = 1_050;

const START = `mutation ($input: StartChallengeInput!) { startChallenge(input: $input) {
  challenge { kind share version since reason startedBy } } }`;
const END = `mutation ($input: RollbackInput!) { endChallenge(input: $input) { challenge { kind } } }`;
const PROMOTE = `mutation ($input: VersionDecisionInput!) { promoteVersion(input: $input) { version stage } }`;
const REJECT = `mutation ($input: VersionDecisionInput!) { rejectVersion(input: $input) { version stage } }`;
const PREDICT = `mutation ($input: PredictInput!) {
  predict(input: $input) { model { name version } predictions { id value version } } }`;

let database: TestDatabase;
let boucle: Boucle;
let promoter: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
  promoter = await signUp(boucle, database, 'ADMIN', true);
});

afterAll(async () => {
  await boucle.stop();
  await database.drop();
});

const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, promoter.token);

async function refusal(query: string, variables: object): Promise<{ code: string; message: string }> {
  const { errors } = await boucle.graphql(query, variables, promoter.token);
  return { code: errors?.[0]?.extensions['code'], message: errors?.[0]?.message ?? 'accepted' };
}

/** {@link TEMPERATURE} as the champion has it, but with another effect of the south (−1) and another base (10). */
function temperature(south: number, base: number): Uint8Array {
  const graph = new GraphBuilder();
  const wind = graph.input('wind', 'float');
  const precipitation = graph.imputer(graph.input('precipitation', 'float'), [0.5]);
  const holiday = graph.input('holiday', 'float');
  const station = graph.oneHot(graph.input('station', 'string'), ['north', 'south']);
  const row = graph.concat([wind, precipitation, holiday, station]);
  graph.output('output', graph.linearRegressor(row, [2, -1, 4, 1, south], base));
  return encodeModel(graph.build('test'));
}

interface Contestants {
  readonly champion: RegisteredVersion;
  readonly challenger: RegisteredVersion;
}

/** A model with version 1 as champion and version 2 as candidate. */
async function contestants(model: string, signature: Signature = TEMPERATURE): Promise<Contestants> {
  const version = { model, algorithm: 'LINEAR_REGRESSION' } as const;
  const champion = await registerVersion(database, boucle.home, { ...version, signature: TEMPERATURE });
  const onnx = temperature(-1, 110);
  return {
    champion,
    challenger: await registerVersion(database, boucle.home, { ...version, signature, onnx, stage: 'CANDIDATE' }),
  };
}

const input = (model: string, kind: string, share?: number, version = 2) => ({
  input: { model, version, kind, share, reason: 'to see it work' },
});

async function start(model: string, kind: string, share?: number): Promise<any> {
  const { startChallenge } = await ask(START, input(model, kind, share));
  await delay(STALE_MS);
  return startChallenge.challenge;
}

async function predict(model: string, body: object): Promise<{ status: number; body: any }> {
  const response = await boucle.fetch(`/v1/models/${model}/predict`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    token: promoter.token,
  });
  return { status: response.status, body: await response.json() };
}

const rows = (count: number) => Array.from({ length: count }, () => ROW);
const ids = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

/** Sum of a counter over its lines with all of these labels. */
async function metric(name: string, ...labels: string[]): Promise<number> {
  const lines = (await (await boucle.fetch('/metrics')).text()).split('\n');
  const found = lines.filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)));
  return found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function until<Value>(look: () => Promise<Value>, isDone: (value: Value) => boolean): Promise<Value> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const value = await look();
    if (isDone(value) || Date.now() > deadline) return value;
    await delay(50);
  }
}

const stages = (model: string): Promise<{ number: number; stage: string }[]> =>
  database.query(
    `SELECT number, stage FROM model_version v JOIN model m ON m.id = v.model_id WHERE m.name = $1 ORDER BY number`,
    [model],
  );

const ledger = async (model: string): Promise<string[]> =>
  (
    await database.query<{ entry: string }>(
      `SELECT action || ' ' || version_number AS entry FROM promotion WHERE model_name = $1 ORDER BY created_at`,
      [model],
    )
  ).map(({ entry }) => entry);

describe('a canary', () => {
  it('answers its share of the rows, sticky by correlation id, over REST and GraphQL', async () => {
    const { champion, challenger } = await contestants('canary');
    expect(await start('canary', 'CANARY', 0.3)).toEqual({
      kind: 'CANARY',
      share: 0.3,
      version: 2,
      since: expect.any(String),
      reason: 'to see it work',
      startedBy: promoter.userId,
    });
    const sticky = new StickyShare(challenger, 0.3);
    const correlationIds = ids(1_000, 'trip');
    const { status, body } = await predict('canary', { rows: rows(1_000), correlationIds });
    expect(status).toBe(200);
    expect(body.model).toMatchObject({ name: 'canary', version: 1 });
    body.predictions.forEach((answer: any, i: number) => {
      const isTheirs = sticky.includes(correlationIds[i]!);
      expect(answer.value).toBe(isTheirs ? CHALLENGERS : CHAMPIONS);
      expect(answer.version).toBe(isTheirs ? 2 : undefined);
    });
    const theirs = body.predictions.filter(({ version }: any) => version === 2).length;
    expect(Math.abs(theirs - 300) / Math.sqrt(1_000 * 0.3 * 0.7)).toBeLessThan(4);

    const some = correlationIds.slice(0, 50);
    const { predict: answer } = await ask(PREDICT, {
      input: { model: 'canary', rows: rows(50), correlationIds: some.toReversed() },
    });
    expect(answer.model.version).toBe(1);
    expect(answer.predictions.map(({ version }: any) => version)).toEqual(
      some.toReversed().map((id) => (sticky.includes(id) ? 2 : null)),
    );

    const logged = await database.query<{ version_id: string; correlation_id: string }>(
      'SELECT version_id, correlation_id FROM prediction WHERE model_id = $1',
      [champion.modelId],
    );
    expect(logged).toHaveLength(1_050);
    for (const { version_id, correlation_id } of logged) {
      expect(version_id).toBe(sticky.includes(correlation_id) ? challenger.versionId : champion.versionId);
    }
    expect(await metric('boucle_predictions_total', 'model="canary"', 'version="2"', 'result="ok"')).toBe(
      logged.filter(({ version_id }) => version_id === challenger.versionId).length,
    );
  });

  it('takes its share of rows without correlation ids as well, and none of requests for a version', async () => {
    const { predictions } = (await predict('canary', { rows: rows(1_000) })).body;
    const theirs = predictions.filter(({ version }: any) => version === 2).length;
    expect(Math.abs(theirs - 300) / Math.sqrt(1_000 * 0.3 * 0.7)).toBeLessThan(4);
    for (const choice of [{ stage: 'CHAMPION' }, { stage: 'CHALLENGER' }]) {
      const { body } = await predict('canary', { rows: rows(100), ...choice });
      expect(body.predictions.every(({ version }: any) => version === undefined)).toBe(true);
    }
  });

  it('names the right row of bad input', async () => {
    for (const wrong of [0, 7, 38, 49]) {
      const given = rows(50).map((row, i) => (i === wrong ? { ...row, wind: 'strong' } : row));
      const { status, body } = await predict('canary', { rows: given, correlationIds: ids(50, 'trip') });
      expect(status).toBe(400);
      expect(body.error.details.problems).toEqual([expect.objectContaining({ row: wrong, column: 'wind' })]);
    }
  });

  it('ends within a second', async () => {
    expect((await ask(END, { input: { model: 'canary', reason: 'seen enough' } })).endChallenge.challenge).toBeNull();
    await delay(STALE_MS);
    const { body } = await predict('canary', { rows: rows(200) });
    expect(body.predictions.every(({ value, version }: any) => value === CHAMPIONS && version === undefined)).toBe(
      true,
    );
    expect(await stages('canary')).toEqual([
      { number: 1, stage: 'CHAMPION' },
      { number: 2, stage: 'CANDIDATE' },
    ]);
    expect(await ledger('canary')).toEqual(['CHALLENGED 2', 'CHALLENGE_ENDED 2']);
  });

  it('leaves rows that the challenger does not take to the champion', async () => {
    const features = TEMPERATURE.features.map((feature) => ({ ...feature, nullable: false }));
    await contestants('stricter', { ...TEMPERATURE, features });
    await start('stricter', 'CANARY', 0.5);
    const given = rows(200).map((row, i) => (i % 2 === 0 ? { ...row, precipitation: null } : row));
    const { status, body } = await predict('stricter', { rows: given, correlationIds: ids(200, 'mixed') });
    expect(status).toBe(200);
    body.predictions.forEach(({ value, version }: any, i: number) => {
      if (i % 2 === 0) expect({ value, version }).toEqual({ value: 18.5, version: undefined });
      else expect(value).toBe(version === 2 ? CHALLENGERS : CHAMPIONS);
    });
    expect(body.predictions.some(({ version }: any) => version === 2)).toBe(true);
    const refused = await metric('boucle_canary_fallbacks_total', 'model="stricter"', 'reason="refused"');
    expect(refused).toBeGreaterThan(25);
    expect(refused).toBeLessThan(75);
  });

  it('with a model that cannot be loaded leaves all rows to the champion, and says so', async () => {
    const { challenger } = await contestants('wreck');
    await writeFile(join(boucle.home, 'objects', challenger.artifactKey), 'no archive');
    await start('wreck', 'CANARY', 0.5);
    for (let request = 0; request < 5; request++) {
      const { status, body } = await predict('wreck', { rows: rows(20) });
      expect(status).toBe(200);
      expect(body.predictions.every(({ value }: any) => value === CHAMPIONS)).toBe(true);
    }
    expect(await metric('boucle_canary_fallbacks_total', 'model="wreck"', 'reason="failed"')).toBeGreaterThan(20);
    const warnings = boucle.output().split('\n');
    // Once: it is left alone for a while after that.
    expect(warnings.filter((line) => line.includes('a challenger failed') && line.includes('wreck'))).toHaveLength(1);
  });

  it('with a model that does not load in time makes callers wait two seconds, once', async () => {
    const { challenger } = await contestants('stuck');
    const path = join(boucle.home, 'objects', challenger.artifactKey);
    await rm(path);
    execFileSync('mkfifo', [path]); // A file that is there, and whose reader waits.
    await start('stuck', 'CANARY', 0.5);
    const began = Date.now();
    for (let request = 0; request < 5; request++) {
      const { status, body } = await predict('stuck', { rows: rows(20) });
      expect(status).toBe(200);
      expect(body.predictions.every(({ value }: any) => value === CHAMPIONS)).toBe(true);
    }
    expect(Date.now() - began).toBeLessThan(4_000);
    await writeFile(path, 'no archive');
  });
});

describe('a shadow', () => {
  const LOG = `query ($filter: PredictionFilterInput) { predictions(filter: $filter, first: 200) {
    nodes { id value shadow shadowOf correlationId model { version } } } }`;

  it('scores what was answered, logs it and is never returned', async () => {
    const { champion, challenger } = await contestants('shadowed');
    expect(await start('shadowed', 'SHADOW')).toMatchObject({ kind: 'SHADOW', share: 1, version: 2 });
    const { body } = await predict('shadowed', { rows: rows(40), correlationIds: ids(40, 'walk') });
    expect(body.model.version).toBe(1);
    expect(body.predictions).toHaveLength(40);
    expect(body.predictions.every(({ value, version }: any) => value === CHAMPIONS && version === undefined)).toBe(
      true,
    );
    const look = async () => (await ask(LOG, { filter: { model: 'shadowed', shadow: true } })).predictions.nodes;
    const shadows: any[] = await until(look, ({ length }) => length === 40);
    const given = new Map<string, number>(body.predictions.map(({ id }: any, i: number) => [id, i]));
    for (const shadow of shadows) {
      expect(shadow).toMatchObject({ value: CHALLENGERS, shadow: true, model: { version: 2 } });
      expect(shadow.correlationId).toBe(`walk-${given.get(shadow.shadowOf)!}`);
      given.delete(shadow.shadowOf);
    }
    expect(given.size).toBe(0);
    const others = (await ask(LOG, { filter: { model: 'shadowed', shadow: false } })).predictions.nodes;
    expect(others).toHaveLength(40);
    expect(others.every((one: any) => !one.shadow && one.shadowOf === null && one.value === CHAMPIONS)).toBe(true);
    expect(await metric('boucle_shadow_predictions_total', 'model="shadowed"', 'result="logged"')).toBe(40);
    expect(await metric('boucle_predictions_total', 'model="shadowed"', 'version="2"')).toBe(0);
    const counted = await database.query<{ version_id: string; rows: string }>(
      'SELECT version_id, sum(rows) AS rows FROM window_counts WHERE model_id = $1 GROUP BY version_id',
      [champion.modelId],
    );
    const byVersion = new Map(counted.map(({ version_id, rows: n }) => [version_id, Number(n)]));
    expect(byVersion.get(champion.versionId)).toBe(40);
    expect(byVersion.get(challenger.versionId)).toBe(40);
  });

  it('is erased with what it is of', async () => {
    const erase = `mutation ($id: String!) { erasePredictions(correlationId: $id) { predictions } }`;
    expect((await ask(erase, { id: 'walk-7' })).erasePredictions).toEqual({ predictions: 2 });
    // Also where only the original carries the correlation id.
    await database.query(
      `UPDATE prediction SET correlation_id = NULL WHERE correlation_id = 'walk-8' AND shadow_of IS NOT NULL`,
    );
    expect((await ask(erase, { id: 'walk-8' })).erasePredictions).toEqual({ predictions: 2 });
    const left = (await ask(LOG, { filter: { model: 'shadowed' } })).predictions.nodes;
    expect(left).toHaveLength(76);
  });

  it('has no outcomes of its own, which it might not even know the classes of', async () => {
    const outcomes = [{ correlationId: 'walk-3', value: 20 }];
    const report = await boucle.fetch('/v1/outcomes', {
      method: 'POST',
      body: JSON.stringify({ outcomes }),
      headers: { 'content-type': 'application/json' },
      token: promoter.token,
    });
    expect(report.status).toBe(200);
    const found = await database.query<{ shadow_of: string | null }>(
      `SELECT shadow_of FROM outcome JOIN prediction ON id = prediction_id WHERE correlation_id = 'walk-3'`,
    );
    expect(found).toEqual([{ shadow_of: null }]);
  });

  it('samples, and fails without anybody noticing', async () => {
    const { challenger } = await contestants('sampled');
    await writeFile(join(boucle.home, 'objects', challenger.artifactKey), 'no archive');
    await start('sampled', 'SHADOW', 0.5);
    expect((await predict('sampled', { rows: rows(200), correlationIds: ids(200, 'part') })).status).toBe(200);
    const sticky = new StickyShare(challenger, 0.5);
    const expected = ids(200, 'part').filter((id) => sticky.includes(id)).length;
    const failed = () => metric('boucle_shadow_predictions_total', 'model="sampled"', 'result="failed"');
    expect(await until(failed, (count) => count === expected)).toBe(expected);
  });

  it('falls behind where answers come too fast: what does not fit the queue is dropped and counted', async () => {
    await contestants('flooded');
    await start('flooded', 'SHADOW');
    const answers = await Promise.all([1, 2, 3].map(() => predict('flooded', { rows: rows(10_000) })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const count = (...labels: string[]) => metric('boucle_shadow_predictions_total', 'model="flooded"', ...labels);
    expect(await until(count, (total) => total === 30_000)).toBe(30_000);
    expect(await count('result="dropped"')).toBeGreaterThan(0);
    expect(await count('result="logged"')).toBeGreaterThan(0);
  });

  it('is logged to the last row at a shutdown', async () => {
    const { challenger } = await contestants('drained');
    await ask(START, input('drained', 'SHADOW'));
    const other = await startBoucle({ databaseUrl: database.url, home: boucle.home, role: 'predictor' });
    const body = JSON.stringify({ rows: rows(5_000) });
    const headers = { 'content-type': 'application/json' };
    const path = '/v1/models/drained/predict';
    const call = () => other.fetch(path, { method: 'POST', body, headers, token: promoter.token });
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(200);
    expect(await other.stop()).toBe(0);
    const [count] = await database.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM prediction WHERE version_id = $1 AND shadow_of IS NOT NULL',
      [challenger.versionId],
    );
    expect(count!.n).toBe(10_000);
  });
});

describe('a comparison', () => {
  const COMPARE = `query ($model: String!, $from: DateTime!, $to: DateTime!) {
    challengeComparison(model: $model, from: $from, to: $to) {
      challenge { kind version } from to agreement
      champion { version predictions withOutcome rows metrics { name higherIsBetter value low high } }
      challenger { version predictions withOutcome rows metrics { name value low high } }
      differences { metric isPrimary difference low high } } }`;
  const window = { from: '2020-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z' };
  const days = (from: number, to: number) => ({
    from: new Date(Date.now() + from * 86_400_000),
    to: new Date(Date.now() + to * 86_400_000),
  });

  /** Sends outcomes by prediction id. */
  async function happened(outcomes: readonly { predictionId: string; value: number }[]): Promise<void> {
    const response = await boucle.fetch('/v1/outcomes', {
      method: 'POST',
      body: JSON.stringify({ outcomes }),
      headers: { 'content-type': 'application/json' },
      token: promoter.token,
    });
    expect(response.status).toBe(200);
  }

  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const maeOf = (errors: readonly number[]): number => mean(errors.map(Math.abs));
  const rmseOf = (errors: readonly number[]): number => Math.sqrt(mean(errors.map((error) => error ** 2)));

  function expectMetrics(side: any, errors: readonly number[]): void {
    const metrics = new Map<string, any>(side.metrics.map((metric: any) => [metric.name, metric]));
    for (const [name, value] of [
      ['mae', maeOf(errors)],
      ['rmse', rmseOf(errors)],
    ] as const) {
      const metric = metrics.get(name);
      expect(metric.value).toBeCloseTo(value, 4);
      expect(metric.low).toBeLessThan(value);
      expect(metric.high).toBeGreaterThan(value);
    }
  }

  it('of a shadow is one of pairs: values, agreement and differences are those computed by hand', async () => {
    const base = { model: 'pairs', signature: TEMPERATURE, algorithm: 'LINEAR_REGRESSION' } as const;
    await registerVersion(database, boucle.home, base);
    await registerVersion(database, boucle.home, { ...base, onnx: temperature(3, 10), stage: 'CANDIDATE' });
    // Before the challenge: in no comparison.
    const early = (await predict('pairs', { rows: rows(3) })).body.predictions;
    await happened(early.map(({ id }: any) => ({ predictionId: id, value: 1_000 })));
    await start('pairs', 'SHADOW');
    const given = Array.from({ length: 120 }, (_, i) => ({
      ...ROW,
      wind: i / 10,
      station: i % 4 === 0 ? 'south' : 'north',
    }));
    const { predictions } = (await predict('pairs', { rows: given })).body;
    // All but every sixth has an outcome: as if the truth were the champion's answer, and a little noise.
    const outcomes = predictions.flatMap(({ id, value }: any, i: number) =>
      i % 6 === 5 ? [] : [{ i, predictionId: id, value: Number(value) + Math.sin(i) }],
    );
    await happened(outcomes.map(({ predictionId, value }: any) => ({ predictionId, value })));
    const look = async () => (await ask(COMPARE, { model: 'pairs', ...days(-1, 1) })).challengeComparison;
    const found = await until(look, ({ champion }) => champion.predictions === 120);
    expect(found.challenge).toEqual({ kind: 'SHADOW', version: 2 });
    expect(found.champion).toMatchObject({ version: 1, predictions: 120, withOutcome: 100, rows: 100 });
    expect(found.challenger).toMatchObject({ version: 2, predictions: 120, withOutcome: 100, rows: 100 });
    expect(found.agreement).toBeCloseTo(0.75, 10);
    const champions = outcomes.map(({ i }: any) => Math.sin(i));
    const challengers = outcomes.map(({ i }: any) => Math.sin(i) - (i % 4 === 0 ? 4 : 0));
    expectMetrics(found.champion, champions);
    expectMetrics(found.challenger, challengers);
    expect(found.differences.map(({ metric, isPrimary }: any) => [metric, isPrimary])).toEqual([
      ['rmse', true],
      ['mae', false],
    ]);
    const [rmse, mae] = found.differences;
    expect(rmse.difference).toBeCloseTo(rmseOf(champions) - rmseOf(challengers), 4);
    expect(mae.difference).toBeCloseTo(maeOf(champions) - maeOf(challengers), 4);
    for (const { difference, low, high } of [rmse, mae]) {
      expect(low).toBeLessThan(difference);
      expect(high).toBeGreaterThan(difference);
      expect(high).toBeLessThan(0);
    }
    const { from: _, to: __, ...same } = found;
    expect(await look()).toMatchObject(same);
  });

  it('of a canary is one of two groups', async () => {
    await contestants('groups');
    await start('groups', 'CANARY', 0.4);
    const given = Array.from({ length: 300 }, (_, i) => ({ ...ROW, wind: i / 10 }));
    const { predictions } = (await predict('groups', { rows: given, correlationIds: ids(300, 'group') })).body;
    const outcomes = predictions.flatMap(({ id, value, version }: any, i: number) =>
      i % 3 === 2 ? [] : [{ i, predictionId: id, value: Number(value) + Math.cos(i), version }],
    );
    await happened(outcomes.map(({ predictionId, value }: any) => ({ predictionId, value })));
    const found = (await ask(COMPARE, { model: 'groups', ...days(-1, 1) })).challengeComparison;
    for (const [side, version] of [
      [found.champion, undefined],
      [found.challenger, 2],
    ]) {
      const labelled = outcomes.filter((outcome: any) => outcome.version === version);
      const asked = predictions.filter((prediction: any) => prediction.version === version);
      expect(side).toMatchObject({ predictions: asked.length, withOutcome: labelled.length, rows: labelled.length });
      expectMetrics(
        side,
        labelled.map(({ i }: any) => Math.cos(i)),
      );
    }
    expect(found.differences).toEqual([]);
    expect(found.agreement).toBeNull();
  });

  it('says what is missing', async () => {
    await contestants('idle');
    expect((await refusal(COMPARE, { model: 'idle', ...days(-1, 1) })).message).toMatch(
      /No version of model idle was tried/,
    );
    expect((await refusal(COMPARE, { model: 'idle', ...window })).message).toMatch(/at most 92 days/);
    expect((await refusal(COMPARE, { model: 'nowhere', ...days(-1, 1) })).code).toBe('NOT_FOUND');
    await ask(START, input('idle', 'SHADOW'));
    const empty = (await ask(COMPARE, { model: 'idle', ...days(-1, 1) })).challengeComparison;
    expect(empty).toMatchObject({ agreement: null, differences: [], champion: { predictions: 0, rows: 0 } });
    expect(empty.champion.metrics[0]).toEqual({
      name: 'rmse',
      higherIsBetter: false,
      value: null,
      low: null,
      high: null,
    });
  });
});

describe('challenges', () => {
  it('are refused for versions and shares that make no sense', async () => {
    await contestants('picky');
    expect((await refusal(START, input('picky', 'CANARY', 0.1, 1))).message).toMatch(/it is the champion itself/);
    expect((await refusal(START, input('picky', 'CANARY', 0.6))).message).toMatch(/at most 0.5/);
    expect((await refusal(START, input('picky', 'CANARY', 0))).code).toBe('BAD_INPUT');
    expect((await refusal(START, input('picky', 'CANARY'))).message).toMatch(/share/);
    expect((await refusal(START, input('picky', 'SHADOW', 1.1))).code).toBe('BAD_INPUT');
    expect((await refusal(START, input('picky', 'SHADOW', 1, 9))).code).toBe('NOT_FOUND');
    expect((await refusal(END, { input: { model: 'picky', reason: 'x' } })).code).toBe('INVALID_STATE');
    await ask(REJECT, { input: { model: 'picky', version: 2, reason: 'no' } });
    expect((await refusal(START, input('picky', 'SHADOW'))).message).toMatch(/it was rejected/);
    await registerVersion(database, boucle.home, { model: 'headless', signature: TEMPERATURE, stage: 'CANDIDATE' });
    expect((await refusal(START, input('headless', 'SHADOW', 1, 1))).message).toMatch(/no champion/);
  });

  it('are one a model, also when many start at once', async () => {
    await contestants('rush');
    for (const stage of ['CANDIDATE', 'RETIRED'] as const) {
      await registerVersion(database, boucle.home, { model: 'rush', signature: TEMPERATURE, stage });
    }
    const answers = await Promise.all(
      [2, 3, 4, 2, 3, 4].map((version) => refusal(START, input('rush', 'SHADOW', 1, version))),
    );
    expect(answers.filter(({ message }) => message === 'accepted')).toHaveLength(1);
    expect(answers.filter(({ code }) => code === 'CONFLICT')).toHaveLength(5);
  });

  it.each([
    ['the challenger becomes champion', PROMOTE, 2, ['RETIRED', 'CHAMPION', 'CANDIDATE'], 'PROMOTED 2'],
    ['another version does', PROMOTE, 3, ['RETIRED', 'CANDIDATE', 'CHAMPION'], 'PROMOTED 3'],
    ['the challenger is rejected', REJECT, 2, ['CHAMPION', 'REJECTED', 'CANDIDATE'], 'REJECTED 2'],
  ])('end when %s', async (what, mutation, version, expected, entry) => {
    const model = `end-${what.replaceAll(/\W/g, '-').toLowerCase()}`;
    await contestants(model);
    await registerVersion(database, boucle.home, { model, signature: TEMPERATURE, stage: 'CANDIDATE' });
    await ask(START, input(model, 'CANARY', 0.1));
    await ask(mutation, { input: { model, version, reason: 'decided' } });
    expect((await stages(model)).map(({ stage }) => stage)).toEqual(expected);
    expect(await ledger(model)).toEqual(['CHALLENGED 2', 'CHALLENGE_ENDED 2', entry]);
    const { model: found } = await ask('query ($n: String!) { model(name: $n) { challenge { kind } } }', { n: model });
    expect(found.challenge).toBeNull();
  });

  it('give a retired version back as retired', async () => {
    await contestants('veteran');
    await ask(PROMOTE, { input: { model: 'veteran', version: 2, reason: 'new' } });
    await ask(START, input('veteran', 'SHADOW', 1, 1));
    expect((await stages('veteran'))[0]).toEqual({ number: 1, stage: 'CHALLENGER' });
    await ask(END, { input: { model: 'veteran', reason: 'done' } });
    expect((await stages('veteran'))[0]).toEqual({ number: 1, stage: 'RETIRED' });
  });

  it('and promotions at once leave one champion, and no challenge of a version that serves or rests', async () => {
    for (let round = 0; round < 5; round++) {
      const model = `race-${round}`;
      await contestants(model);
      await Promise.all([
        boucle.graphql(START, input(model, 'CANARY', 0.2), promoter.token),
        boucle.graphql(PROMOTE, { input: { model, version: 2, reason: 'race' } }, promoter.token),
        boucle.graphql(START, input(model, 'SHADOW', 1, 1), promoter.token),
      ]);
      const after = await stages(model);
      expect(after.filter(({ stage }) => stage === 'CHAMPION')).toEqual([{ number: 2, stage: 'CHAMPION' }]);
      const active = await database.query<{ stage: string; champion: string }>(
        `SELECT v.stage, c.stage AS champion FROM challenge JOIN model m ON m.id = challenge.model_id
         JOIN model_version v ON v.id = challenge.version_id JOIN model_version c ON c.id = challenge.champion_id
         WHERE m.name = $1 AND ended_at IS NULL`,
        [model],
      );
      for (const one of active) expect(one).toEqual({ stage: 'CHALLENGER', champion: 'CHAMPION' });
      expect(active.length).toBe(after.filter(({ stage }) => stage === 'CHALLENGER').length);
    }
  });
});
