import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/retraining.js';
import { type RegisteredVersion, registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
const PREDICT = `mutation ($input: PredictInput!) {
  predict(input: $input) { model { name version algorithm } predictions { id value probabilities } }
}`;

describe('predictions', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let token: string;
  let userId: string;
  let weather: RegisteredVersion;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: { REGISTRATION: 'open', PREDICTION_MAX_ROWS: '2000' },
    });
    ({ token, userId } = await signUp('ENGINEER'));
    weather = await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
    await registerVersion(database, boucle.home, {
      model: 'temperature',
      signature: TEMPERATURE,
      algorithm: 'LINEAR_REGRESSION',
    });
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  async function signUp(role: string): Promise<{ token: string; userId: string }> {
    const input = { email: `${randomUUID()}@example.org`, password: 'a good long pass phrase' };
    const { register } = await boucle.ask(
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken user { id } } }',
      { input },
    );
    await database.query('UPDATE app_user SET role = $1 WHERE id = $2', [role, register.user.id]);
    return { token: register.accessToken, userId: register.user.id };
  }

  async function post(path: string, body: unknown, as = token): Promise<{ status: number; body: any }> {
    const response = await boucle.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      token: as,
    });
    return { status: response.status, body: await response.json() };
  }

  const predict = (model: string, body: unknown, as = token) => post(`/v1/models/${model}/predict`, body, as);

  const logged = async (id: string): Promise<any> =>
    (await database.query('SELECT * FROM prediction WHERE id = $1', [id]))[0];

  describe('an answer', () => {
    it('is what the model computes, and is in the log', async () => {
      const { status, body } = await predict('temperature', { rows: [ROW], correlationIds: ['order-1'] });
      expect(status).toBe(200);
      // 10 + 2·2 − 1 + 4 + 1
      expect(body).toEqual({
        model: { name: 'temperature', version: 1, algorithm: 'LINEAR_REGRESSION' },
        predictions: [{ id: expect.any(String), value: 18 }],
      });
      expect(await logged(body.predictions[0].id)).toMatchObject({
        inputs: ROW,
        output: { value: 18 },
        caller_kind: 'USER',
        caller_id: userId,
        correlation_id: 'order-1',
        request_id: expect.any(String),
      });
    });

    it('of a classification has the probability of each class', async () => {
      const rows = [ROW, { ...ROW, wind: 0, holiday: false, precipitation: null }];
      const { body } = await predict('weather', { rows });
      const logistic = (x: number) => 1 / (1 + Math.exp(-x));
      // −10 + 2·2 − 1 + 4 + 1 = −2, and −10 − 0.5 + 1 = −9.5
      expect(body.predictions.map(({ value }: any) => value)).toEqual(['rain', 'rain']);
      expect(body.predictions[0].probabilities.sun).toBeCloseTo(logistic(-2), 6);
      expect(body.predictions[0].probabilities.rain).toBeCloseTo(1 - logistic(-2), 6);
      expect(body.predictions[1].probabilities.sun).toBeCloseTo(logistic(-9.5), 6);
      expect((await logged(body.predictions[1].id)).inputs).toMatchObject({ precipitation: null });
    });

    it('is the same in GraphQL and REST', async () => {
      const rest = await predict('weather', { rows: [ROW] });
      const { predict: graphql } = await boucle.ask(PREDICT, { input: { model: 'weather', rows: [ROW] } }, token);
      expect(graphql.model).toEqual(rest.body.model);
      expect(graphql.predictions[0].value).toBe(rest.body.predictions[0].value);
      expect(graphql.predictions[0].probabilities).toEqual(rest.body.predictions[0].probabilities);
      expect(await logged(graphql.predictions[0].id)).toMatchObject({ version_id: weather.versionId });
    });

    it('comes in the order of the rows, however many blocks they make', async () => {
      const rows = Array.from({ length: 2_000 }, (_, i) => ({ ...ROW, wind: i }));
      const { status, body } = await predict('temperature', { rows });
      expect(status).toBe(200);
      expect(body.predictions.map(({ value }: any) => value)).toEqual(rows.map(({ wind }) => 14 + 2 * wind));
      const [found] = await database.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM prediction WHERE id = ANY ($1)',
        [body.predictions.map(({ id }: any) => id)],
      );
      expect(found!.n).toBe(2_000);
    });

    it('has the id of every row of requests at the same time in the log, with its own values', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => predict('temperature', { rows: [{ ...ROW, wind: i }] })),
      );
      for (const [i, { body }] of answers.entries()) {
        expect(await logged(body.predictions[0].id)).toMatchObject({
          inputs: { wind: i },
          output: { value: 14 + 2 * i },
        });
      }
    });
  });

  describe('the version that answers', () => {
    beforeAll(async () => {
      const version = { model: 'routes', signature: WEATHER };
      await registerVersion(database, boucle.home, version);
      await registerVersion(database, boucle.home, { ...version, stage: 'CHALLENGER', algorithm: 'RANDOM_FOREST' });
    });

    it.each([
      [{}, 1],
      [{ algorithm: 'RANDOM_FOREST' }, 2],
      [{ stage: 'CHALLENGER' }, 2],
      [{ version: 2 }, 2],
    ])('is chosen by %j', async (choice, version) => {
      const graphql = await boucle.ask(PREDICT, { input: { model: 'routes', rows: [ROW], ...choice } }, token);
      expect(graphql.predict.model.version).toBe(version);
      const { version: inPath, ...inBody } = choice as { version?: number };
      const path = inPath === undefined ? 'routes/predict' : `routes/versions/${inPath}/predict`;
      const rest = await post(`/v1/models/${path}`, { rows: [ROW], ...inBody });
      expect(rest.body.model.version).toBe(version);
    });

    it('changes within a second of a promotion', async () => {
      expect((await predict('routes', { rows: [ROW] })).body.model.version).toBe(1);
      await database.query(`UPDATE model_version SET stage = 'RETIRED' WHERE stage = 'CHAMPION' AND model_id =
        (SELECT id FROM model WHERE name = 'routes')`);
      await database.query(`UPDATE model_version SET stage = 'CHAMPION' WHERE number = 2 AND model_id =
        (SELECT id FROM model WHERE name = 'routes')`);
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      expect((await predict('routes', { rows: [ROW] })).body.model.version).toBe(2);
    });
  });

  describe('bad input', () => {
    const problemsOf = (answer: { body: any }) => answer.body.error.details.problems;

    it('in a row is named by row, column, expected and received', async () => {
      const { wind: _, ...withoutWind } = ROW;
      const rows = [
        ROW,
        { ...ROW, wnd: 3 },
        { ...ROW, wind: 'strong' },
        withoutWind,
        { ...ROW, station: null },
        { ...ROW, holiday: 'perhaps' },
      ];
      const answer = await predict('weather', { rows });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'BAD_INPUT' } } });
      expect(problemsOf(answer)).toEqual([
        expect.objectContaining({ row: 1, column: 'wnd' }),
        expect.objectContaining({ row: 2, column: 'wind', received: expect.stringContaining('strong') }),
        expect.objectContaining({ row: 3, column: 'wind', expected: expect.any(String) }),
        expect.objectContaining({ row: 4, column: 'station', received: 'null' }),
        expect.objectContaining({ row: 5, column: 'holiday', received: expect.stringContaining('perhaps') }),
      ]);
      expect(problemsOf(answer)[0].expected).toBe('wind');
      expect(answer.body.error.message).toMatch(/^Row 1: .*"wnd".* 4 more problems/);
    });

    it('deep in a large request is named by its row', async () => {
      const rows: unknown[] = Array.from({ length: 2_000 }, () => ROW);
      rows[1_777] = { ...ROW, wind: null };
      const answer = await predict('weather', { rows });
      expect(problemsOf(answer)).toEqual([expect.objectContaining({ row: 1_777, column: 'wind' })]);
    });

    it('has the same details in GraphQL', async () => {
      const input = { model: 'weather', rows: [{ ...ROW, wind: 'strong' }] };
      const { errors } = await boucle.graphql(PREDICT, { input }, token);
      expect(errors![0]!.extensions).toMatchObject({
        code: 'BAD_INPUT',
        details: { problems: [{ row: 0, column: 'wind' }] },
      });
    });

    it.each([
      ['no rows', { rows: [] }, /at least one row/],
      ['rows that are no objects', { rows: [3] }, /Row 0/],
      ['no list of rows', { rows: ROW }, /rows/],
      ['an unknown field', { rows: [ROW], verison: 2 }, /verison/],
      ['an unknown algorithm', { rows: [ROW], algorithm: 'ORACLE' }, /algorithm/],
      ['too few correlation ids', { rows: [ROW, ROW], correlationIds: ['a'] }, /1 correlationIds for 2 rows/],
      ['a correlation id with NUL', { rows: [ROW], correlationIds: ['a\0'] }, /correlationIds\[0\]/],
      ['text with NUL', { rows: [{ ...ROW, station: 'a\0' }] }, /Row 0/],
      ['half a surrogate pair', { rows: [{ ...ROW, station: 'a\ud800' }] }, /Row 0/],
      ['several choices', { rows: [ROW], algorithm: 'RANDOM_FOREST', stage: 'CHAMPION' }, /not by several/],
    ])('%s is refused', async (_, body, message) => {
      const answer = await predict('weather', body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'BAD_INPUT' } } });
      expect(answer.body.error.message).toMatch(message);
    });

    it('of more rows than allowed says how many are', async () => {
      const answer = await predict('weather', { rows: Array.from({ length: 2_001 }, () => ROW) });
      expect(answer).toMatchObject({ status: 413, body: { error: { code: 'LIMIT_EXCEEDED' } } });
      expect(answer.body.error.message).toContain('at most 2000');
    });

    it('of a million rows in one request says how to send them', async () => {
      const million = `{"rows":[${Array.from({ length: 1e6 }, () => '{"wind":1}').join(',')}]}`;
      const answer = await predict('weather', million);
      expect(answer).toMatchObject({ status: 413, body: { error: { code: 'LIMIT_EXCEEDED' } } });
      expect(answer.body.error.message).toMatch(/less at once/);
      expect((await predict('weather', { rows: [ROW] })).status).toBe(200);
    });

    it.each([
      ['an unknown model', 'nowhere/predict', 404, 'NOT_FOUND'],
      ['an unknown version', 'weather/versions/99/predict', 404, 'NOT_FOUND'],
      ['a version that is no number', 'weather/versions/latest/predict', 400, 'BAD_INPUT'],
    ])('%s is named', async (_, path, status, code) => {
      expect(await post(`/v1/models/${path}`, { rows: [ROW] })).toMatchObject({ status, body: { error: { code } } });
    });

    it('an algorithm without a version, and a model without a champion, say what to do', async () => {
      const answer = await predict('weather', { rows: [ROW], algorithm: 'RANDOM_FOREST' });
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'INVALID_STATE' } } });
      await registerVersion(database, boucle.home, { model: 'fresh', signature: WEATHER, stage: 'CANDIDATE' });
      const fresh = await predict('fresh', { rows: [ROW] });
      expect(fresh).toMatchObject({ status: 409, body: { error: { code: 'INVALID_STATE' } } });
      expect(fresh.body.error.message).toMatch(/no champion/);
    });
  });

  describe('a model that cannot be loaded', () => {
    it('says so as long as its artifact is corrupted, and works once it is restored', async () => {
      const { artifactKey } = await registerVersion(database, boucle.home, { model: 'broken', signature: WEATHER });
      const path = join(boucle.home, 'objects', artifactKey);
      const whole = await readFile(path);
      await writeFile(path, whole.subarray(0, whole.length - 20));
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await predict('broken', { rows: [ROW] });
        expect(answer).toMatchObject({ status: 409, body: { error: { code: 'INVALID_STATE' } } });
        expect(answer.body.error.message).toContain(artifactKey);
      }
      await writeFile(path, whole);
      expect((await predict('broken', { rows: [ROW] })).status).toBe(200);
    });

    it('because its graph is no ONNX, is named', async () => {
      await registerVersion(database, boucle.home, {
        model: 'nonsense',
        signature: WEATHER,
        onnx: Buffer.from('this is no model'),
      });
      const answer = await predict('nonsense', { rows: [ROW] });
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'INVALID_STATE' } } });
      expect(answer.body.error.message).toContain('version 1 of nonsense');
    });

    it('is loaded once by many first requests', async () => {
      await registerVersion(database, boucle.home, { model: 'popular', signature: WEATHER });
      const answers = await Promise.all(Array.from({ length: 30 }, () => predict('popular', { rows: [ROW] })));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      const loads = boucle
        .output()
        .split('\n')
        .filter((line) => line.includes('"model loaded"') && line.includes('"popular"'));
      expect(loads).toHaveLength(1);
    });
  });

  describe('access', () => {
    it('is refused without a credential, and to a viewer', async () => {
      expect(await predict('weather', { rows: [ROW] }, '')).toMatchObject({ status: 401 });
      const viewer = await signUp('VIEWER');
      expect(await predict('weather', { rows: [ROW] }, viewer.token)).toMatchObject({ status: 403 });
    });

    it('lets a predictor predict but not read the log', async () => {
      const predictor = await signUp('PREDICTOR');
      expect(await predict('weather', { rows: [ROW] }, predictor.token)).toMatchObject({ status: 200 });
      const { errors } = await boucle.graphql('{ predictions { nodes { id } } }', {}, predictor.token);
      expect(errors![0]!.extensions.code).toBe('FORBIDDEN');
    });

    it('with an API key covers the models it names, and is logged as the key', async () => {
      const { createApiKey } = await boucle.ask(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }',
        { input: { name: 'service', role: 'PREDICTOR', models: ['weather'] } },
        token,
      );
      const own = await predict('weather', { rows: [ROW] }, createApiKey.secret);
      expect(own.status).toBe(200);
      expect(await logged(own.body.predictions[0].id)).toMatchObject({
        caller_kind: 'API_KEY',
        caller_id: createApiKey.apiKey.id,
      });
      const other = await predict('temperature', { rows: [ROW] }, createApiKey.secret);
      expect(other).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    });
  });

  describe('the log', () => {
    const LIST = `query ($filter: PredictionFilterInput, $first: Int! = 20, $after: String) {
      predictions(filter: $filter, first: $first, after: $after) {
        nodes { id time model { name version algorithm } inputs value probabilities latencyMs caller { kind id }
                correlationId requestId }
        pageInfo { hasNextPage endCursor }
      }
    }`;
    let reader: { token: string; userId: string };
    let ids: string[];

    beforeAll(async () => {
      reader = await signUp('ENGINEER');
      ids = [];
      for (let i = 0; i < 5; i++) {
        const body = { rows: [{ ...ROW, wind: i }], correlationIds: [`trip-${i % 2}`] };
        ids.unshift((await predict('weather', body, reader.token)).body.predictions[0].id);
      }
      ids.unshift((await predict('temperature', { rows: [ROW] }, reader.token)).body.predictions[0].id);
    });

    const list = async (filter: object, page: object = {}) =>
      (await boucle.ask(LIST, { filter, ...page }, reader.token)).predictions;
    const idsOf = ({ nodes }: any): string[] => nodes.map(({ id }: any) => id);

    it('is read newest first, page by page', async () => {
      const filter = { caller: reader.userId };
      const first = await list(filter, { first: 4 });
      expect(first.pageInfo.hasNextPage).toBe(true);
      const second = await list(filter, { first: 4, after: first.pageInfo.endCursor });
      expect(second.pageInfo.hasNextPage).toBe(false);
      expect([...idsOf(first), ...idsOf(second)]).toEqual(ids);
    });

    it('is searched by model, version, correlation id and time', async () => {
      const caller = reader.userId;
      expect(idsOf(await list({ caller, model: 'temperature' }))).toEqual([ids[0]]);
      expect(idsOf(await list({ caller, model: 'weather', version: 1 }))).toEqual(ids.slice(1));
      expect(idsOf(await list({ caller, correlationId: 'trip-1' }))).toEqual([ids[2], ids[4]]);
      const times = (await list({ caller })).nodes.map(({ time }: any) => time);
      const between = await list({ caller, from: times[3], to: times[1] });
      expect(idsOf(between)).toEqual(ids.filter((_, i) => times[i] >= times[3] && times[i] < times[1]));
      expect(idsOf(await list({ caller, to: times[5] })).length).toBeLessThan(6);
    });

    it('gives one prediction with all that is known of it', async () => {
      const query = `query ($id: ID!) { prediction(id: $id) {
        id time model { name version algorithm } inputs value probabilities latencyMs caller { kind id } correlationId
      } }`;
      const { prediction } = await boucle.ask(query, { id: ids[5] }, reader.token);
      expect(prediction).toMatchObject({
        id: ids[5],
        model: { name: 'weather', version: 1, algorithm: 'LOGISTIC_REGRESSION' },
        inputs: { ...ROW, wind: 0 },
        caller: { kind: 'USER', id: reader.userId },
        correlationId: 'trip-0',
      });
      expect(Math.abs(Date.now() - Date.parse(prediction.time))).toBeLessThan(60_000);
      expect(prediction.latencyMs).toBeGreaterThan(0);
      const { errors } = await boucle.graphql(query, { id: randomUUID() }, reader.token);
      expect(errors![0]!.extensions.code).toBe('NOT_FOUND');
    });

    it.each([
      [{ version: 1 }, 'BAD_INPUT'],
      [{ model: 'nowhere' }, 'NOT_FOUND'],
      [{ caller: 'me' }, 'BAD_INPUT'],
      [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'BAD_INPUT'],
    ])('refuses the filter %j', async (filter, code) => {
      const { errors } = await boucle.graphql(LIST, { filter }, reader.token);
      expect(errors![0]!.extensions.code).toBe(code);
    });
  });

  it('are counted by model and result, and timed by phase', async () => {
    await predict('weather', { rows: [ROW] });
    await predict('weather', { rows: [{ ...ROW, wind: null }] });
    const metrics = await (await boucle.fetch('/metrics')).text();
    const label = 'model="weather",version="1",algorithm="LOGISTIC_REGRESSION"';
    expect(metrics).toMatch(new RegExp(`boucle_predictions_total\\{${label},result="ok"\\} [1-9]`));
    expect(metrics).toMatch(new RegExp(`boucle_predictions_total\\{${label},result="refused"\\} [1-9]`));
    for (const phase of ['validate', 'evaluate', 'log']) {
      expect(metrics).toMatch(new RegExp(`boucle_prediction_duration_seconds_count\\{phase="${phase}"\\} [1-9]`));
    }
    expect(metrics).toMatch(/boucle_prediction_log_pending 0/);
    expect(metrics).toMatch(/boucle_evaluator_cache_bytes [1-9]/);
  });

  it('leave no line in the log of the process, unless they fail', async () => {
    const ask = (id: string, body: object) =>
      boucle.fetch('/v1/models/weather/predict', {
        ...{ method: 'POST', body: JSON.stringify(body), token },
        headers: { 'content-type': 'application/json', 'x-request-id': id },
      });
    expect((await ask('went-well', { rows: [ROW] })).status).toBe(200);
    expect((await ask('went-wrong', { rows: [] })).status).toBe(400);
    const lines = () => boucle.output().split('\n');
    const line = await until(() => Promise.resolve(lines().find((text) => text.includes('went-wrong'))));
    expect(JSON.parse(line)).toMatchObject({
      req: { id: 'went-wrong', method: 'POST', path: '/v1/models/weather/predict' },
      res: { status: 400 },
      msg: 'POST /v1/models/weather/predict 400',
    });
    expect(boucle.output()).not.toContain('went-well');
  });
});
