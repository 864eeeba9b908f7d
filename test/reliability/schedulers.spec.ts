import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const HOUR_MS = 3_600_000;
const TICKS = 10;
/** The API refuses ticks so close to each other; the table takes them. */
const GAP_SECONDS = 2;
const EVERY_TWO_SECONDS = '*/2 * * * * *';

const EXTRACTIONS = 'SELECT 1 FROM dataset_version WHERE requested_by IS NULL';

describe('several schedulers on one database', () => {
  let database: TestDatabase;
  let api: Boucle;
  let worker: Boucle;
  let engineer: Account;
  let source: Server;
  let reads = 0;
  const schedulers: Boucle[] = [];

  beforeAll(async () => {
    source = createServer((_, response) => response.end(`a,b\n${++reads},2\n`));
    await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
    const port = (source.address() as AddressInfo).port;
    const env = { REGISTRATION: 'open', SOURCE_ALLOW_LIST: `127.0.0.1:${port}` };
    database = await createTestDatabase();
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env });
    worker = await startBoucle({ databaseUrl: database.url, role: 'worker', home: api.home, env });
    engineer = await signUp(api, database, 'ENGINEER');
    await database.query('CREATE TABLE handled (id serial, tick timestamptz, failure text)');
    await database.query(`
      CREATE FUNCTION log_tick() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO handled (tick, failure) VALUES (NEW.last_tick, NEW.failure); RETURN NEW; END $$`);
    await database.query(
      'CREATE TRIGGER log_tick AFTER UPDATE OF last_tick ON dataset_schedule FOR EACH ROW EXECUTE FUNCTION log_tick()',
    );
    await api.ask(
      'mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }',
      { input: { name: 'sales', source: { kind: 'HTTP', url: `http://127.0.0.1:${port}/sales.csv`, format: 'CSV' } } },
      engineer.token,
    );
  });

  afterEach(async () => {
    for (const scheduler of schedulers.splice(0)) {
      if (scheduler.child.exitCode === null && scheduler.child.signalCode === null) await scheduler.kill();
    }
    await database.query('DELETE FROM dataset_schedule');
    await until(async () => (await database.query(`${EXTRACTIONS} AND finished_at IS NULL`)).length === 0);
    await database.query('DELETE FROM dataset_version');
    await database.query('TRUNCATE handled');
  });

  afterAll(async () => {
    await worker.stop();
    await api.stop();
    source.close();
    await database.drop();
  });

  async function startScheduler(env: Record<string, string> = {}): Promise<Boucle> {
    const scheduler = await startBoucle({ databaseUrl: database.url, role: 'scheduler', home: api.home, env });
    schedulers.push(scheduler);
    return scheduler;
  }

  function withClock(shiftMs: number, afterMs = 0): Promise<Boucle> {
    const script = pathToFileURL('test/support/shifted-clock.mjs').href;
    return startScheduler({
      NODE_OPTIONS: `--import ${script}`,
      CLOCK_SHIFT_MS: String(shiftMs),
      CLOCK_SHIFT_AFTER_MS: String(afterMs),
    });
  }

  async function schedule(): Promise<void> {
    await api.ask(
      'mutation ($input: ExtractionScheduleInput!) { setExtractionSchedule(input: $input) { nextAt } }',
      { input: { dataset: 'sales', cron: '0 0 1 1 *' } },
      engineer.token,
    );
    const next = `to_timestamp(ceil(extract(epoch FROM now()) / ${GAP_SECONDS}) * ${GAP_SECONDS})`;
    await database.query(`UPDATE dataset_schedule SET cron = $1, next_at = ${next}`, [EVERY_TWO_SECONDS]);
  }

  const handled = () => database.query<{ tick: Date; failure: string | null }>('SELECT * FROM handled ORDER BY id');
  const untilHandled = (count: number) => until(async () => (await handled()).length >= count);

  /** Every tick was handled once, none was left out, and each began one extraction unless one was still going on. */
  async function assertOnceEach(): Promise<void> {
    const { rows, extractions } = await atOnce();
    const ticks = rows.map(({ tick }) => tick.getTime() / 1000);
    expect(ticks).toEqual(ticks.map((_, index) => ticks[0]! + index * GAP_SECONDS));
    const passedOver = rows.filter(({ failure }) => failure?.startsWith('This tick was passed over'));
    expect(extractions).toBe(rows.length - passedOver.length);
    expect(extractions).toBeGreaterThan(rows.length / 2);
  }

  async function atOnce(): Promise<{ rows: { tick: Date; failure: string | null }[]; extractions: number }> {
    const [row] = await database.query<{ ticks: { tick: string; failure: string | null }[]; extractions: number }>(
      `SELECT (SELECT json_agg(handled ORDER BY id) FROM handled) AS ticks, (SELECT count(*)::int FROM (${EXTRACTIONS}) AS e) AS extractions`,
    );
    const rows = row!.ticks.map(({ tick, failure }) => ({ tick: new Date(tick), failure }));
    return { rows, extractions: row!.extractions };
  }

  it('request one extraction for each of ten ticks, though one of them is killed on the way', async () => {
    const [first] = await Promise.all([startScheduler(), startScheduler()]);
    await schedule();
    await untilHandled(4);
    await first.kill();
    await untilHandled(TICKS);
    await assertOnceEach();
  });

  it('go by the clock of the database, though those of others are ahead, behind, or put back on the way', async () => {
    await Promise.all([startScheduler(), withClock(HOUR_MS), withClock(-HOUR_MS), withClock(-HOUR_MS, 8000)]);
    await schedule();
    await untilHandled(TICKS);
    await assertOnceEach();
  });

  it('need no second one when a clock is put back by an hour', async () => {
    await withClock(-HOUR_MS, 5000);
    await schedule();
    await untilHandled(6);
    await assertOnceEach();
  });

  it('pass a tick over while the extraction before goes on, and say so', async () => {
    await startScheduler();
    await worker.kill();
    await schedule();
    await untilHandled(3);
    expect((await atOnce()).extractions).toBe(1);
    const { dataset } = await api.ask(
      'query { dataset(name: "sales") { schedule { cron enabled lastTick nextAt failure } } }',
      {},
      engineer.token,
    );
    expect(dataset.schedule).toMatchObject({ cron: EVERY_TWO_SECONDS, enabled: true });
    expect(dataset.schedule.failure).toMatch(/^This tick was passed over: the extraction before it was still going on/);
    expect(Date.parse(dataset.schedule.nextAt)).toBe(Date.parse(dataset.schedule.lastTick) + GAP_SECONDS * 1000);
    await database.query(`UPDATE dataset_version SET state = 'CANCELLED', finished_at = now()`);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 50_000; performance.now() < deadline;) {
    if (await isSo()) return;
    await delay(100);
  }
  throw new Error('waited for 50 s in vain');
}
