import { randomUUID } from 'node:crypto';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
const ROWS = [ROW, { ...ROW, wind: 3 }];

interface Answer {
  readonly status: number;
  readonly body: any;
}

describe('requests with an idempotency key', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let replica: Boucle;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    replica = await startBoucle({ role: 'predictor', databaseUrl: database.url, home: boucle.home });
    token = await signUp();
    await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE });
  });

  afterAll(async () => {
    await replica.stop();
    await boucle.stop();
    await database.drop();
  });

  async function signUp(): Promise<string> {
    const input = { email: `${randomUUID()}@example.org`, password: 'a good long pass phrase' };
    const { register } = await boucle.ask(
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
      { input },
    );
    await database.query(`UPDATE app_user SET role = 'ENGINEER'`);
    return register.accessToken;
  }

  async function post(to: Boucle, path: string, body: object, key: string, as = token): Promise<Answer> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const response = await to.fetch(path, { method: 'POST', headers, body: JSON.stringify(body), token: as });
    return { status: response.status, body: await response.json() };
  }

  const predict = (to: Boucle, key: string, rows: readonly object[] = ROWS, as = token) =>
    post(to, '/v1/models/temperature/predict', { rows }, key, as);

  const logged = async (): Promise<number> => {
    const [row] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction');
    return row!.n;
  };

  it('get the same answer again, on every replica, and are logged once', async () => {
    const key = randomUUID();
    const before = await logged();
    const first = await predict(boucle, key);
    expect(first.status).toBe(200);
    expect(first.body.predictions).toHaveLength(2);
    expect(await predict(boucle, key)).toEqual(first);
    expect(await predict(replica, key)).toEqual(first);
    expect(await logged()).toBe(before + 2);
  });

  it('are a CONFLICT with another body', async () => {
    const key = randomUUID();
    await predict(boucle, key);
    const other = await predict(replica, key, [ROW]);
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
    expect((await predict(boucle, key)).status).toBe(200);
  });

  it('are executed once, however many come at the same time to whichever replica', async () => {
    const keys = Array.from({ length: 5 }, () => randomUUID());
    const before = await logged();
    const answers = await Promise.all(
      keys.flatMap((key) =>
        Array.from({ length: 8 }, async (_, i) => ({ key, answer: await predict(i % 2 ? boucle : replica, key) })),
      ),
    );
    for (const key of keys) {
      const same = answers.filter((given) => given.key === key).map(({ answer }) => answer);
      expect(same[0]!.status).toBe(200);
      for (const answer of same) expect(answer).toEqual(same[0]);
    }
    expect(await logged()).toBe(before + 2 * keys.length);
  });

  it('belong to their caller', async () => {
    const key = randomUUID();
    const mine = await predict(boucle, key);
    const other = await signUp();
    const theirs = await predict(boucle, key, [ROW], other);
    expect(theirs.status).toBe(200);
    expect(theirs.body.predictions[0].id).not.toBe(mine.body.predictions[0].id);
  });

  it('are forgotten when they expire', async () => {
    const key = randomUUID();
    const first = await predict(boucle, key);
    await database.query('UPDATE idempotent_request SET expires_at = now() WHERE key = $1', [key]);
    const second = await predict(boucle, key, [ROW]);
    expect(second.status).toBe(200);
    expect(second.body.predictions[0].id).not.toBe(first.body.predictions[0].id);
    expect(await predict(boucle, key, [ROW])).toEqual(second);
  });

  it('may try again what was refused: only answers are kept', async () => {
    const key = randomUUID();
    expect((await predict(boucle, key, [{ wind: 'strong' }])).status).toBe(400);
    expect((await predict(boucle, key)).status).toBe(200);
  });

  it.each(['', 'with space', 'x'.repeat(201)])('need a key that can be one, not "%s"', async (key) => {
    expect(await predict(boucle, key)).toMatchObject({ status: 400, body: { error: { code: 'BAD_INPUT' } } });
  });

  it('work in GraphQL, where the key is part of the input, and across protocols', async () => {
    const idempotencyKey = randomUUID();
    const mutation = 'mutation ($input: PredictInput!) { predict(input: $input) { predictions { id value } } }';
    const ask = (rows: readonly object[]) =>
      boucle.graphql(mutation, { input: { model: 'temperature', rows, idempotencyKey } }, token);
    const first = await ask(ROWS);
    expect(await ask(ROWS)).toEqual(first);
    expect((await predict(replica, idempotencyKey)).body.predictions).toEqual(first.data.predict.predictions);
    expect((await ask([ROW])).errors?.[0]?.extensions['code']).toBe('CONFLICT');
  });

  it('report outcomes as the first time', async () => {
    const [{ id }] = (await predict(boucle, randomUUID())).body.predictions;
    const key = randomUUID();
    const outcomes = [{ predictionId: id, value: 12.5 }];
    const first = await post(boucle, '/v1/outcomes', { outcomes }, key);
    expect(first).toMatchObject({ status: 200, body: { accepted: 1, unchanged: 0 } });
    expect(await post(replica, '/v1/outcomes', { outcomes }, key)).toEqual(first);
    const other = await post(boucle, '/v1/outcomes', { outcomes: [{ predictionId: id, value: 13 }] }, key);
    expect(other.status).toBe(409);
    const again = await post(boucle, '/v1/outcomes', { outcomes }, randomUUID());
    expect(again.body).toMatchObject({ accepted: 0, unchanged: 1 });
  });
});
