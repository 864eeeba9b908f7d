import { v7 as uuidv7 } from 'uuid';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';

/** Longer than figures are kept. */
const KEPT_MS = 5_500;

describe('metrics that are read from the database', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let worker: Boucle;
  let scheduler: Boucle;
  let modelId: string;
  let versionId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(database.url);
    worker = await startBoucle({ databaseUrl: database.url, role: 'worker' });
    scheduler = await startBoucle({ databaseUrl: proxy.url, role: 'scheduler' });
    ({ modelId, versionId } = await registerVersion(database, worker.home, {
      model: 'temperature',
      signature: TEMPERATURE,
    }));
    await database.query(
      `INSERT INTO monitoring_policy (id, model_id, enabled, settings, next_at) VALUES ($1, $2, false, '{}', now())`,
      [uuidv7(), modelId],
    );
    await report([{ name: 'wind', checks: [check('psi', 0.9)] }]);
    await report([
      { name: 'wind', checks: [check('psi', 0.25), check('missing_share', 0)] },
      { name: 'station', checks: [check('psi', null)] },
    ]);
    await database.query(`INSERT INTO retraining_decision_count VALUES ($1, 'HEALTHY', 7), ($1, 'RETRAIN', 1)`, [
      modelId,
    ]);
  });

  afterAll(async () => {
    await worker.stop();
    await scheduler.stop();
    await proxy.cut();
    await database.drop();
  });

  const check = (method: string, score: number | null) => ({ method, score });

  async function report(columns: object[]): Promise<void> {
    const metrics = [
      { name: 'rmse', value: 2.5 },
      { name: 'r2', value: null },
    ];
    const document = { version: 1, columns, quality: { predictions: 400, labelled: 100, metrics } };
    await database.query(
      `INSERT INTO drift_report (id, model_id, version_id, tick, window_from, window_to, verdict, rows, document)
       VALUES ($1, $2, $3, clock_timestamp(), now(), now(), 'DRIFT', 400, $4)`,
      [uuidv7(), modelId, versionId, document],
    );
  }

  /** Ours among the lines of /metrics; the age, which goes on while one reads, apart. */
  async function scrape(boucle: Boucle): Promise<{ status: number; text: string; lines: string[]; age: number }> {
    const response = await boucle.fetch('/metrics');
    const text = await response.text();
    const ours = /^boucle_(drift_score|outcome_coverage_ratio|training_runs_total|retraining_decisions_total)\{/;
    const age = Number(/^boucle_model_age_seconds\{model="temperature"\} (.*)$/m.exec(text)?.[1]);
    return { status: response.status, text, lines: text.split('\n').filter((line) => ours.test(line)), age };
  }

  it('are the same on every replica, and those of the newest report', async () => {
    const [first, second] = [await scrape(worker), await scrape(scheduler)];
    expect(first.lines).toEqual([
      'boucle_drift_score{model="temperature",version="1",feature="wind",method="psi"} 0.25',
      'boucle_drift_score{model="temperature",version="1",feature="wind",method="missing_share"} 0',
      'boucle_outcome_coverage_ratio{model="temperature"} 0.25',
      'boucle_retraining_decisions_total{model="temperature",verdict="HEALTHY"} 7',
      'boucle_retraining_decisions_total{model="temperature",verdict="RETRAIN"} 1',
    ]);
    expect(second.lines).toEqual(first.lines);
    expect(first.age).toBeGreaterThanOrEqual(0);
    expect(Math.abs(second.age - first.age)).toBeLessThan(10);
    expect(first.text).toContain('# TYPE boucle_retraining_decisions_total counter');
  });

  it('tell of quality, the champion, runs that are not over, and the queue', async () => {
    const { text } = await scrape(worker);
    const ours = text
      .split('\n')
      .filter((line) => /^boucle_(quality|champion_version|training_oldest_seconds)\{/.test(line));
    expect(ours).toEqual([
      'boucle_quality{model="temperature",version="1",metric="rmse"} 2.5',
      'boucle_champion_version{model="temperature"} 1',
    ]);
    expect(text).toMatch(/^boucle_queue_jobs\{queue="[\w-]+",state="queued"\} 0$/m);
  });

  it('tell which role this is, and of its connections', async () => {
    const { text } = await scrape(scheduler);
    expect(text).toMatch(/^boucle_info\{role="scheduler",version="\d+\.\d+\.\d+"\} 1$/m);
    expect(text).toMatch(/^boucle_database_pool_connections\{state="used"\} \d+$/m);
    expect(text).toMatch(/^boucle_database_pool_connections\{state="waiting"\} 0$/m);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('are read no more often than every few seconds', async () => {
    await scrape(worker);
    const before = await scrape(worker);
    await report([{ name: 'wind', checks: [check('psi', 0.5)] }]);
    expect((await scrape(worker)).lines).toEqual(before.lines);
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS));
    expect((await scrape(worker)).text).toContain('feature="wind",method="psi"} 0.5');
  });

  it('are absent while the database is away, and the others are not', async () => {
    await scrape(scheduler);
    await proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS));
    const started = performance.now();
    const away = await scrape(scheduler);
    expect(away.status).toBe(200);
    expect(away.lines).toEqual([]);
    expect(away.text).toContain('process_cpu_seconds_total');
    expect(performance.now() - started).toBeLessThan(5_000);
    await proxy.restore();
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS));
    expect((await scrape(scheduler)).lines).not.toEqual([]);
  });
});
