/**
 * Kills under load. `CRASH_ROUNDS=50 npm test -- test/reliability/predictions-killed` runs more of them, and
 * `CRASH_SEED=…` those of an earlier run again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../src/ml/statistics/random.js';
import { signUp } from '../support/accounts.js';
import { type Boucle, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type LoadOptions, send, type SentRequest, startLoad } from '../support/prediction-load.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 4);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const SECONDS_A_ROUND = 20;
const CLIENTS = 4;
const ROWS = [2, 3].map((wind) => ({ wind, precipitation: 1, holiday: true, station: 'north' }));

describe(`predictions while servers are killed and backends ended (CRASH_SEED=${SEED}, ${ROUNDS} rounds)`, () => {
  const random = new Random(SEED);
  let database: TestDatabase;
  let boucle: Boucle;
  let home: string;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const first = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    home = first.home;
    ({ token } = await signUp(first, database, 'PREDICTOR'));
    for (const model of ['keyed', 'plain']) await registerVersion(database, home, { model, signature: TEMPERATURE });
    await first.kill();
    await startPredictor();
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  const startPredictor = async (): Promise<void> => {
    boucle = await startBoucle({ role: 'predictor', databaseUrl: database.url, home });
  };

  const optionsOf = (model: string): LoadOptions => ({
    ...{ model, token, rows: ROWS, clients: CLIENTS, keyed: model === 'keyed' },
  });

  const endBackends = async (): Promise<void> => {
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'boucle'`,
    );
  };

  async function crash(round: number): Promise<void> {
    await delay(100 + 400 * random.uniform());
    // A server outlives its backends.
    expect({ exitCode: boucle.child.exitCode, output: boucle.output() }).toMatchObject({ exitCode: null });
    if (round % 2 === 0) {
      await boucle.kill();
      await startPredictor();
    } else {
      await endBackends();
    }
  }

  const loggedOf = async (model: string): Promise<Set<string>> => {
    const found = await database.query<{ id: string }>(
      'SELECT id FROM prediction WHERE model_id = (SELECT id FROM model WHERE name = $1)',
      [model],
    );
    return new Set(found.map(({ id }) => id));
  };

  const acknowledgedOf = (sent: readonly SentRequest[]) => sent.filter(({ status }) => status === 200);

  it(
    'loses no acknowledged one, logs none twice, and counts what it logs',
    async () => {
      const loads = ['keyed', 'plain'].map((model) => startLoad(() => boucle, optionsOf(model)));
      for (let round = 0; round < ROUNDS; round++) await crash(round);
      await delay(300);
      const [keyed, plain] = await Promise.all(loads.map((load) => load.stop()));
      const sent = [...keyed!, ...plain!];
      expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([0, 200, 503]));

      const loggedPlain = await loggedOf('plain');
      const lost = acknowledgedOf(plain!).flatMap(({ ids }) => ids.filter((id) => !loggedPlain.has(id)));
      expect(lost).toEqual([]);

      // Every key was answered in the end, so the log has the rows of each key once, and nothing else.
      const acknowledged = acknowledgedOf(keyed!).flatMap(({ ids }) => ids);
      expect(new Set(acknowledged)).toEqual(await loggedOf('keyed'));
      expect(acknowledged).toHaveLength(new Set(acknowledged).size);
      for (const request of acknowledgedOf(keyed!).slice(-20)) {
        expect((await send(boucle, optionsOf('keyed'), request.key)).ids).toEqual(request.ids);
      }
      expect(await loggedOf('keyed')).toEqual(new Set(acknowledged));

      for (const model of ['keyed', 'plain']) {
        const { code, output } = await runBoucle(['recount', '--model', model], {
          ...{ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET },
        });
        expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('All counts are right') });
      }
      process.stdout.write(
        `${ROUNDS} rounds, seed ${SEED}: ${acknowledged.length} predictions with and ${loggedPlain.size} without a key in the log, ` +
          `${sent.length - acknowledgedOf(sent).length} requests of ${sent.length} failed and none was lost\n`,
      );
    },
    60_000 + ROUNDS * SECONDS_A_ROUND * 1_000,
  );
});
