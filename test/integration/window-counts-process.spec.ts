import { rm } from 'node:fs/promises';
import { type Boucle, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { signUp } from '../support/accounts.js';
import { countLog, referenceOf } from '../support/counting.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RegisteredVersion, registerVersion, WEATHER } from '../support/served-model.js';
import { layoutOf } from '../../src/predictions/counts/binning-layout.js';

describe('counts of a running Boucle', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let token: string;
  let version: RegisteredVersion;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    ({ token } = await signUp(boucle, database, 'PREDICTOR'));
    const reference = referenceOf(WEATHER);
    version = await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER, reference });
  });

  afterAll(async () => {
    await boucle.stop();
    await rm(boucle.home, { recursive: true, force: true });
    await database.drop();
  });

  const recount = (...options: string[]) =>
    runBoucle(['recount', '--model', 'weather', ...options], {
      DATABASE_URL: database.url,
      BOUCLE_SECRET: TEST_SECRET,
      BOUCLE_HOME: boucle.home,
    });

  async function predict(rows: number): Promise<boolean> {
    const response = await boucle.fetch('/v1/models/weather/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        rows: Array.from({ length: rows }, () => ({
          wind: Math.random() * 30 - 2,
          precipitation: Math.random() < 0.2 ? null : Math.random() * 60,
          holiday: Math.random() < 0.5,
          station: ['north', 'south', 'west'][Math.floor(Math.random() * 3)],
        })),
      }),
      token,
    });
    await response.arrayBuffer();
    return response.status === 200;
  }

  /** Clients that send requests until the process is gone or they are told to stop. */
  function load(): { stop(): Promise<number> } {
    let running = true;
    let answered = 0;
    const clients = Array.from({ length: 6 }, async (_, client) => {
      while (running) {
        const isAnswered = await predict(1 + client * 20).catch(() => false);
        if (isAnswered) answered++;
      }
    });
    return {
      stop: async () => {
        running = false;
        await Promise.all(clients);
        return answered;
      },
    };
  }

  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  it('equal the log after load, terminated sessions and a killed process, and are merged by its scheduler', async () => {
    const clients = load();
    for (let round = 0; round < 4; round++) {
      await pause(150);
      await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    }
    await pause(500);
    await boucle.kill();
    expect(await clients.stop()).toBeGreaterThan(10);
    boucle = await startBoucle({
      databaseUrl: database.url,
      home: boucle.home,
      env: { REGISTRATION: 'open' },
    });
    const again = load();
    const isMerged = async () =>
      (await database.query(`SELECT 1 FROM window_counts WHERE granularity = 'SLOT'`)).length > 0;
    for (let tries = 0; tries < 100 && !(await isMerged()); tries++) await pause(200);
    expect(await again.stop()).toBeGreaterThan(10);
    expect(await isMerged()).toBe(true);

    const { code, output } = await recount();
    expect(output).toContain('All counts are right.');
    expect(code).toBe(0);
    const [logged] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction');
    expect(output).toContain(`${logged!.n} predictions`);
    const vectors = await countLog(database, version.versionId, layoutOf(WEATHER, referenceOf(WEATHER)));
    for (const vector of vectors) expect(vector.reduce((sum, n) => sum + n)).toBe(logged!.n);
  });

  it('that differ are named by the recount, with the exit code 1, until it is told to repair them', async () => {
    await database.query(
      `INSERT INTO window_counts SELECT gen_random_uuid(), model_id, version_id, binning_id, 'BATCH', window_start, rows, counts
       FROM window_counts LIMIT 1`,
    );
    const wrong = await recount();
    expect(wrong.code).toBe(1);
    const today = new Date().toISOString().slice(0, 10);
    expect(wrong.output).toMatch(new RegExp(`version 1, ${today}: \\d+ predictions logged, \\d+ counted`));
    expect(wrong.output).toContain('--repair');
    const repaired = await recount('--repair');
    expect(repaired.code).toBe(0);
    expect(repaired.output).toContain('replaced');
    expect((await recount()).output).toContain('All counts are right.');
  });

  it('are recounted in the days asked for', async () => {
    const { code, output } = await recount('--from', '2026-01-01', '--to', '2026-01-03');
    expect(output).toContain('0 predictions on 3 days');
    expect(code).toBe(0);
  });

  it.each([
    [['--model', 'nowhere'], /no model nowhere/],
    [['--from', 'yesterday'], /from: must be a day such as 2026-01-31/],
  ])('are not recounted with %j, which says why', async (options, message) => {
    const { code, output } = await recount(...options);
    expect(code).toBe(1);
    expect(output).toMatch(message);
  });
});
