import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/retraining.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { temperatureReference, weatherRows } from '../support/watched-model.js';

const HOUR_MS = 3_600_000;
const TICKS = 10;
/** The API refuses ticks so close to each other; the table takes them. */
const GAP_SECONDS = 2;
const EVERY_TWO_SECONDS = '*/2 * * * * *';
const SLOT_MS = 10_000;
/** Counts of so short a window are told apart by slots. */
const WINDOW_SECONDS = 480;
const ROWS = 600;

interface Check {
  readonly tick: Date;
  readonly window_to: Date;
  readonly verdict: string;
  readonly rows: number;
  readonly decisions: string[];
  readonly decided_at: Date;
}

describe('drift checks of several schedulers', () => {
  let database: TestDatabase;
  let api: Boucle;
  let worker: Boucle;
  let engineer: Account;
  /** A source that is out of order, and a receiver of alerts. */
  let remote: Server;
  const alerts: any[] = [];
  const schedulers: Boucle[] = [];

  beforeAll(async () => {
    remote = createServer((request, response) => {
      if (request.method !== 'POST') return response.writeHead(500).end();
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      return request.on('end', () => response.end(String(alerts.push(JSON.parse(body)))));
    });
    await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(remote.address() as AddressInfo).port}`;
    const env = { REGISTRATION: 'open', SOURCE_ALLOW_LIST: host, WEBHOOK_ALLOW_LIST: host };
    database = await createTestDatabase();
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env });
    worker = await startBoucle({ databaseUrl: database.url, role: 'worker', home: api.home, env });
    engineer = await signUp(api, database, 'ENGINEER');
    const administrator = await signUp(api, database, 'ADMIN');
    await api.ask(
      'mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }',
      { input: { name: 'observations', source: { kind: 'HTTP', url: `http://${host}/weather.csv`, format: 'CSV' } } },
      engineer.token,
    );
    await api.ask(
      'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }',
      { input: { url: `http://${host}/alerts`, kinds: ['RETRAINING_FAILED'] } },
      administrator.token,
    );
    const reference = temperatureReference(weatherRows(5_000, 1));
    await registerVersion(database, api.home, { model: 'temperature', signature: TEMPERATURE, reference });
    await database.query(`UPDATE model_version SET created_at = now() - interval '1 day'`);
    await predictDrifted();
  });

  afterEach(async () => {
    for (const scheduler of schedulers.splice(0)) {
      if (scheduler.child.exitCode === null && scheduler.child.signalCode === null) await scheduler.kill();
    }
    await database.query('DELETE FROM monitoring_policy');
    await database.query('DELETE FROM drift_report');
    await database.query('DELETE FROM event');
  });

  afterAll(async () => {
    await worker.stop();
    await api.stop();
    remote.closeAllConnections();
    remote.close();
    await database.drop();
  });

  /** Wind that has moved, in windows that are over when this returns. */
  async function predictDrifted(): Promise<void> {
    const predictor = await startBoucle({ databaseUrl: database.url, role: 'predictor', home: api.home });
    const response = await predictor.fetch('/v1/models/temperature/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: weatherRows(ROWS, 3, 1) }),
      token: engineer.token,
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    await predictor.stop();
    await new Promise((resolve) => setTimeout(resolve, SLOT_MS - (Date.now() % SLOT_MS)));
  }

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

  async function setPolicy(settings: object): Promise<void> {
    await api.ask(
      'mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) { id } }',
      { input: { model: 'temperature', cron: '0 0 1 1 *', windowSeconds: WINDOW_SECONDS, ...settings } },
      engineer.token,
    );
    const next = `to_timestamp(ceil(extract(epoch FROM now()) / ${GAP_SECONDS}) * ${GAP_SECONDS})`;
    await database.query(
      `UPDATE monitoring_policy SET settings = jsonb_set(settings, '{cron}', to_jsonb($1::text)), next_at = ${next}`,
      [EVERY_TWO_SECONDS],
    );
  }

  const checks = () =>
    database.query<Check>(
      `SELECT report.tick, report.window_to, report.verdict, report.rows::int AS rows,
         array_agg(decision.verdict) AS decisions, min(decision.created_at) AS decided_at
       FROM drift_report report LEFT JOIN retraining_decision decision ON decision.report_id = report.id
       GROUP BY report.id ORDER BY report.created_at`,
    );
  const untilChecked = (count: number) => until(async () => (await checks()).length >= count);

  it('are one for each of ten ticks, though clocks are off or jump and a scheduler is killed', async () => {
    const [first] = await Promise.all([startScheduler(), withClock(HOUR_MS), withClock(-HOUR_MS, 8_000)]);
    await setPolicy({ persistence: null });
    await untilChecked(4);
    await first.kill();
    await untilChecked(TICKS);
    const made = await checks();
    const ticks = made.map(({ tick }) => tick.getTime());
    expect(ticks).toEqual(made.map((_, index) => ticks[0]! + index * GAP_SECONDS * 1_000));
    for (const { tick, window_to: to, decided_at: decidedAt, ...check } of made) {
      expect(check).toEqual({ verdict: 'DRIFT', rows: ROWS, decisions: ['HEALTHY'] });
      expect(to.getTime()).toBe(Math.floor(tick.getTime() / SLOT_MS) * SLOT_MS);
      expect(decidedAt.getTime() - tick.getTime()).toBeLessThan(10_000);
    }
    const [counted] = await database.query<{ decisions: string }>('SELECT decisions FROM retraining_decision_count');
    expect(Number(counted!.decisions)).toBeGreaterThanOrEqual(made.length);
    const [told] = await database.query(`SELECT count(DISTINCT subject_id)::int AS reports, count(*)::int FROM event`);
    expect(told).toEqual({ reports: expect.any(Number), count: (told as any).reports });
  });

  it('begin no retraining after one that failed until its back-off is over, and each failure is told once', async () => {
    await startScheduler();
    await setPolicy({ persistence: { k: 1, n: 1 }, coolDownSeconds: 0, retrainingsPerDay: 3 });
    await untilBraked('BACK_OFF', 2);
    expect(await states()).toEqual(['FAILED']);

    await moveBack(11);
    await until(async () => (await states()).join() === 'FAILED,FAILED');
    // The second back-off is twice as long.
    await moveBack(11);
    await untilBraked('BACK_OFF', 4);
    expect(await states()).toEqual(['FAILED', 'FAILED']);

    await moveBack(10);
    await untilBraked('DAILY_LIMIT', 2);
    expect(await states()).toEqual(['FAILED', 'FAILED', 'FAILED']);
    await until(() => Promise.resolve(alerts.length >= 3));
    const failed = await database.query<{ id: string; message: string }>(
      'SELECT id, message FROM retraining ORDER BY id',
    );
    expect(alerts.map(({ kind, subjectId }) => [kind, subjectId])).toEqual(
      failed.map(({ id }) => ['RETRAINING_FAILED', id]),
    );
    expect(alerts[0].payload).toMatchObject({ state: 'FAILED', message: failed[0]!.message });
    const extractions = await database.query('SELECT state FROM dataset_version');
    expect(extractions).toEqual(Array.from({ length: 3 }, () => ({ state: 'FAILED' })));
  }, 120_000);

  const moveBack = (minutes: number) =>
    database.query('UPDATE retraining SET created_at = created_at - make_interval(mins => $1)', [minutes]);

  const states = async (): Promise<string[]> => {
    const rows = await database.query<{ state: string }>('SELECT state FROM retraining ORDER BY id');
    return rows.map(({ state }) => state);
  };

  /** Waits for so many decisions that a brake has held. */
  async function untilBraked(verdict: string, count: number): Promise<void> {
    await until(async () => {
      const [row] = await database.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM retraining_decision WHERE verdict = $1',
        [verdict],
      );
      return row!.n >= count;
    });
  }
});
