import { randomUUID } from 'node:crypto';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, WEATHER } from '../support/served-model.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };

interface Answer {
  readonly status: number;
  readonly body: any;
  readonly retryAfter: string | null;
}

describe('predictions when something breaks', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let boucle: Boucle;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(database.url);
    boucle = await startBoucle({ databaseUrl: proxy.url, env: { REGISTRATION: 'open' } });
    const input = { email: `${randomUUID()}@example.org`, password: 'a good long pass phrase' };
    const { register } = await boucle.ask(
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
      { input },
    );
    await database.query(`UPDATE app_user SET role = 'PREDICTOR'`);
    token = register.accessToken;
    await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
  });

  afterAll(async () => {
    await boucle.stop();
    await proxy.cut();
    await database.drop();
  });

  async function predict(): Promise<Answer> {
    const response = await boucle.fetch('/v1/models/weather/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [ROW, ROW] }),
      token,
    });
    return {
      status: response.status,
      body: await response.json(),
      retryAfter: response.headers.get('retry-after'),
    };
  }

  /** Eight clients that send one request after the other until told to stop. */
  function load(): { stop(): Promise<Answer[]> } {
    const answers: Answer[] = [];
    let running = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (running) {
        try {
          answers.push(await predict());
        } catch {
          return; // The connection is closed: the process stops.
        }
      }
    });
    return {
      stop: async () => {
        running = false;
        await Promise.all(clients);
        return answers;
      },
    };
  }

  async function expectLogged(answers: readonly Answer[]): Promise<void> {
    const ids = answers.flatMap(({ body }) => body.predictions.map(({ id }: any) => id));
    const [found] = await database.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM prediction WHERE id = ANY ($1)',
      [ids],
    );
    expect(found!.n).toBe(ids.length);
  }

  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  const healthy = async (): Promise<void> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await predict()).status === 200) return;
      await pause(100);
    }
    throw new Error('it did not recover');
  };

  const split = (answers: readonly Answer[]) => ({
    given: answers.filter(({ status }) => status === 200),
    refused: answers.filter(({ status }) => status !== 200),
  });

  it('gives no unlogged answer while the database is gone, and recovers by itself', async () => {
    const clients = load();
    await pause(300);
    await proxy.cut();
    await pause(700);
    await proxy.restore();
    await healthy();
    const { given, refused } = split(await clients.stop());
    expect(given.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body, retryAfter } of refused) {
      expect(status).toBe(503);
      expect(Number(retryAfter)).toBeGreaterThan(0);
      expect(body.error.code).toBe('UNAVAILABLE');
    }
    await expectLogged(given);
  });

  it('survives the end of all its database sessions', async () => {
    const clients = load();
    for (let round = 0; round < 5; round++) {
      await pause(100);
      await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    }
    await healthy();
    const { given, refused } = split(await clients.stop());
    for (const { body } of refused) expect(body.error.code).toBe('UNAVAILABLE');
    await expectLogged(given);
  });

  it('is back at full order: partitions lost to an operator are made again', async () => {
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    await database.query(`DROP TABLE prediction_${today}`);
    const answer = await predict();
    expect(answer.status).toBe(200);
    await expectLogged([answer]);
  });

  it('ends cleanly when it is told to stop under load, and all that it answered is logged', async () => {
    const clients = load();
    await pause(300);
    const code = await boucle.stop();
    const { given, refused } = split(await clients.stop());
    expect(code).toBe(0);
    expect(given.length).toBeGreaterThan(0);
    expect(refused).toEqual([]);
    await expectLogged(given);
  });
});
