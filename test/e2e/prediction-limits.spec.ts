import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';

const MODEL = 'temperature';
const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
const MAX_ROWS = 50;
const BODY_LIMIT = 65_536;
const UPDATE = `mutation ($input: UpdateModelInput!) {
  updateModel(input: $input) { predictionTimeoutSeconds predictionLogMode }
}`;
const PREDICT = 'mutation ($input: PredictInput!) { predict(input: $input) { predictions { id } } }';
/** A microsecond: no answer comes so soon. */
const AT_ONCE = 1e-6;

describe('limits and settings of predictions', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let engineer: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: {
        REGISTRATION: 'open',
        PREDICTION_MAX_ROWS: String(MAX_ROWS),
        BODY_LIMIT_BYTES: String(BODY_LIMIT),
        PREDICTION_LOG_SHARE: '0.000001',
      },
    });
    engineer = await signUp(boucle, database, 'ENGINEER', true);
    await registerVersion(database, boucle.home, {
      model: MODEL,
      signature: TEMPERATURE,
      algorithm: 'LINEAR_REGRESSION',
    });
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  const update = async (input: object): Promise<any> =>
    (await boucle.ask(UPDATE, { input: { name: MODEL, ...input } }, engineer.token)).updateModel;

  async function post(path: string, body: string, key?: string): Promise<{ status: number; body: any }> {
    const response = await boucle.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
      body,
      token: engineer.token,
    });
    return { status: response.status, body: await response.json() };
  }

  const predict = (rows: readonly object[] = [ROW], key?: string) =>
    post(`/v1/models/${MODEL}/predict`, JSON.stringify({ rows }), key);

  async function metric(name: string): Promise<number> {
    const text = await (await boucle.fetch('/metrics')).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  }

  const limited = (limit: string) => metric(`boucle_predictions_limited_total{limit="${limit}"}`);

  const logged = async (): Promise<number> =>
    (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction'))[0]!.n;

  it('a model that takes longer than its limit: TIMED_OUT, counted, and nothing logged', async () => {
    const before = await logged();
    expect(await update({ predictionTimeoutSeconds: AT_ONCE })).toMatchObject({ predictionTimeoutSeconds: AT_ONCE });
    let answer = await predict();
    // Processes hear of the change within a second.
    for (const end = Date.now() + 1_000; answer.status === 200 && Date.now() < end;) answer = await predict();
    const made = (await logged()) - before;
    const timeouts = await limited('timeout');
    expect(answer).toMatchObject({
      status: 504,
      body: { error: { code: 'TIMED_OUT', details: { limit: 'timeout', timeoutSeconds: AT_ONCE } } },
    });
    expect(answer.body.error.message).toMatch(/Version 1 of temperature.*Send fewer rows.*predictionTimeoutSeconds/);
    const { errors } = await boucle.graphql(PREDICT, { input: { model: MODEL, rows: [ROW] } }, engineer.token);
    expect(errors![0]!.extensions).toMatchObject({ code: 'TIMED_OUT' });
    const tensor = { name: 'wind', shape: [1], datatype: 'FP64', data: [2] };
    expect((await post(`/v1/models/${MODEL}/invocations`, JSON.stringify({ dataframe_records: [ROW] }))).status).toBe(
      504,
    );
    const inputs = [
      tensor,
      { ...tensor, name: 'precipitation', data: [1] },
      { ...tensor, name: 'holiday', datatype: 'BOOL', data: [true] },
      { ...tensor, name: 'station', datatype: 'BYTES', data: ['north'] },
    ];
    expect((await post(`/v2/models/${MODEL}/infer`, JSON.stringify({ inputs }))).status).toBe(504);
    // The key is free again: what was refused is not the answer to a repetition.
    expect((await predict([ROW], 'late')).status).toBe(504);
    expect(await limited('timeout')).toBe(timeouts + 4);
    expect((await logged()) - before).toBe(made);
    expect(await update({ predictionTimeoutSeconds: null })).toMatchObject({ predictionTimeoutSeconds: null });
    for (const end = Date.now() + 1_000; answer.status !== 200 && Date.now() < end;) answer = await predict();
    expect(answer.status).toBe(200);
    expect((await predict([ROW], 'late')).status).toBe(200);
  });

  it('a time that can’t be is refused, and what is left out stays', async () => {
    const attempt = await boucle.graphql(
      UPDATE,
      { input: { name: MODEL, predictionTimeoutSeconds: 0 } },
      engineer.token,
    );
    expect(attempt.errors![0]!.message).toMatch(/above 0 and at most 600/);
    const own = { predictionTimeoutSeconds: 30, predictionLogMode: 'DURABLE' };
    expect(await update(own)).toEqual(own);
    expect(await update({ margin: 0 })).toEqual(own);
    expect(await update({ predictionTimeoutSeconds: null, predictionLogMode: null })).toEqual({
      predictionTimeoutSeconds: null,
      predictionLogMode: null,
    });
  });

  it('a model may be logged in another mode than the installation’s; rows under a key are logged all the same', async () => {
    expect(await update({ predictionLogMode: 'SAMPLED' })).toMatchObject({ predictionLogMode: 'SAMPLED' });
    const before = async (): Promise<boolean> => {
      const had = await logged();
      expect((await predict()).status).toBe(200);
      return (await logged()) > had;
    };
    let isLogged = true;
    for (const end = Date.now() + 1_000; isLogged && Date.now() < end;) isLogged = await before();
    expect(isLogged).toBe(false); // One in a million would be.
    const had = await logged();
    expect((await predict([ROW, ROW], 'all-of-it')).status).toBe(200);
    expect(await logged()).toBe(had + 2);
    await update({ predictionLogMode: null });
    for (const end = Date.now() + 1_000; !isLogged && Date.now() < end;) isLogged = await before();
    expect(isLogged).toBe(true);
  });

  it('more rows than may be, and a larger body: LIMIT_EXCEEDED, each with its metric', async () => {
    const rows = Array.from({ length: MAX_ROWS }, () => ROW);
    expect((await predict(rows)).status).toBe(200);
    const tooMany = JSON.stringify({ dataframe_records: [...rows, ROW] });
    for (const answer of [await predict([...rows, ROW]), await post(`/v1/models/${MODEL}/invocations`, tooMany)]) {
      expect(answer).toMatchObject({ status: 413, body: { error: { code: 'LIMIT_EXCEEDED' } } });
      expect(answer.body.error.details).toEqual({ limit: 'rows', rows: MAX_ROWS + 1, maxRows: MAX_ROWS });
    }
    expect(await limited('rows')).toBe(2);
    const body = JSON.stringify({ rows: [ROW] });
    expect((await post(`/v1/models/${MODEL}/predict`, body.padEnd(BODY_LIMIT))).status).toBe(200);
    const large = await post(`/v1/models/${MODEL}/predict`, body.padEnd(BODY_LIMIT + 1));
    expect(large).toMatchObject({ status: 413, body: { error: { code: 'LIMIT_EXCEEDED' } } });
    expect(await limited('body')).toBe(1);
    // Outcomes are no predictions.
    expect((await post('/v1/outcomes', body.padEnd(BODY_LIMIT + 1))).status).toBe(413);
    expect(await limited('body')).toBe(1);
  });

  it('rows of a request and bytes of its body are measured', async () => {
    const [requests, rows] = [await metric('boucle_prediction_rows_count'), await metric('boucle_prediction_rows_sum')];
    const bodies = await metric('boucle_prediction_body_bytes_count');
    const bytes = await metric('boucle_prediction_body_bytes_sum');
    const body = JSON.stringify({ rows: [ROW, ROW, ROW] });
    await post(`/v1/models/${MODEL}/predict`, body);
    expect(await metric('boucle_prediction_rows_count')).toBe(requests + 1);
    expect(await metric('boucle_prediction_rows_sum')).toBe(rows + 3);
    expect(await metric('boucle_prediction_body_bytes_count')).toBe(bodies + 1);
    expect(await metric('boucle_prediction_body_bytes_sum')).toBe(bytes + body.length);
  });
});
