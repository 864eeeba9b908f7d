import { setTimeout as delay } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type LoadOptions, send, startLoad } from '../support/prediction-load.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';

const HOLE_MS = Number(process.env['HOLE_SECONDS'] ?? 8) * 1_000;
const LOG_WAIT_SECONDS = 2;
/** A request may wait for its caller, its route and its commit, each within its own limit; and this machine is busy. */
const LONGEST_MS = (5 + 5 + LOG_WAIT_SECONDS + 2) * 1_000;
const RECOVERY_MS = 15_000;
const ROWS = [{ wind: 2, precipitation: 1, holiday: true, station: 'north' }];
const MEBIBYTE = 2 ** 20;

describe('a database whose packets are dropped under load', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let boucle: Boucle;
  let options: LoadOptions;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(database.url);
    const env = {
      ...{ REGISTRATION: 'open', PREDICTION_LOG_WAIT_SECONDS: String(LOG_WAIT_SECONDS) },
      ...{ DATABASE_TIMEOUT_SECONDS: '3', PREDICTION_LOG_PENDING_ROWS: '100' },
    };
    boucle = await startBoucle({ databaseUrl: proxy.url, env });
    const { token } = await signUp(boucle, database, 'PREDICTOR');
    await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE });
    options = { model: 'temperature', token, rows: ROWS, clients: 16, keyed: false };
  });

  afterAll(async () => {
    await boucle.stop();
    await proxy.cut();
    await database.drop();
  });

  const memory = async (): Promise<number> => {
    const status = await readFile(`/proc/${boucle.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
  };

  const statusOf = async (path: string): Promise<number> => (await boucle.fetch(path)).status;

  const recovered = async (): Promise<number> => {
    const began = performance.now();
    while (performance.now() - began < RECOVERY_MS) {
      if ((await send(boucle, options)).status === 200 && (await statusOf('/health/ready')) === 200) {
        return performance.now() - began;
      }
      await delay(100);
    }
    throw new Error(`it did not recover:\n${boucle.output().slice(-2_000)}`);
  };

  it(
    'costs bounded time and memory, is told by 503 and readiness, and ends without a restart',
    async () => {
      const load = startLoad(() => boucle, options);
      await delay(500);
      const before = await memory();
      proxy.swallow();
      await delay(HOLE_MS - 3_000);
      expect(await statusOf('/health/live')).toBe(200);
      expect(await statusOf('/health/ready')).toBe(503);
      expect((await memory()) - before).toBeLessThan(100 * MEBIBYTE);
      await delay(1_000);
      proxy.forward();
      const took = await recovered();
      const sent = await load.stop();
      const statuses = new Set(sent.map(({ status }) => status));
      expect(statuses).toEqual(new Set([200, 503]));
      expect(Math.max(...sent.map(({ milliseconds }) => milliseconds))).toBeLessThan(LONGEST_MS);

      const ids = sent.filter(({ status }) => status === 200).flatMap((request) => request.ids);
      const [found] = await database.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM prediction WHERE id = ANY ($1)',
        [ids],
      );
      expect(found!.n).toBe(ids.length);
      process.stdout.write(
        `a hole of ${HOLE_MS / 1_000} s: ${ids.length} requests answered, ${sent.length - ids.length} refused, the longest in ` +
          `${Math.round(Math.max(...sent.map(({ milliseconds }) => milliseconds)))} ms, recovered ${Math.round(took)} ms after its end\n`,
      );
    },
    60_000 + HOLE_MS,
  );
});
