import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { monitoringFindings } from '../support/monitoring-findings.js';
import { hasCommand } from '../support/peers.js';
import { type Prometheus, startPrometheus } from '../support/prometheus.js';

const MODEL = 'helm-test';
const EMAIL = 'helm@example.org';
const PASSWORD = 'a good long pass phrase';
const ROLES = ['api', 'predictor', 'worker', 'scheduler'] as const;
/** Not there at every moment: a canary that fails, a run that is under way, a decision to retrain. */
const OCCASIONAL = ['boucle_canary_fallbacks_total', 'boucle_training_oldest_seconds', 'verdict="RETRAIN"'];

(hasCommand('prometheus') ? describe : describe.skip)('what dashboards and alerts ask of Prometheus', () => {
  let database: TestDatabase;
  let boucles: Record<(typeof ROLES)[number], Boucle>;
  let prometheus: Prometheus;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } });
    const others = await Promise.all(
      ROLES.slice(1).map((role) => startBoucle({ databaseUrl: database.url, role, home: api.home })),
    );
    boucles = { api, predictor: others[0]!, worker: others[1]!, scheduler: others[2]! };
    const targets = Object.values(boucles).map(({ url }) => new URL(url).host);
    prometheus = await startPrometheus(targets, `${process.cwd()}/helm/boucle/files/alerts.yaml`);
    ({ token } = await signUp(api, database, 'ENGINEER', true));
    await database.query(`UPDATE app_user SET email = $1`, [EMAIL]);
  });

  afterAll(async () => {
    await prometheus.stop();
    for (const role of [...ROLES].reverse()) await boucles[role].stop();
    await database.drop();
  });

  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  /** Runs the chart's test as its pod does. */
  async function smoke(): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, ['helm/boucle/files/smoke.mjs'], {
      env: { API_URL: boucles.api.url, PREDICTOR_URL: boucles.predictor.url, EMAIL, PASSWORD },
    });
    const [output, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code as number, output: output + problems };
  }

  async function predict(rows: object[]): Promise<string[]> {
    const response = await boucles.predictor.fetch(`/v1/models/${MODEL}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows }),
      token,
    });
    const { predictions } = (await response.json()) as { predictions?: { id: string }[] };
    return (predictions ?? []).map(({ id }) => id);
  }

  it('has data: the chart’s test trains and predicts, twice; a challenger, outcomes and a check follow', async () => {
    for (const version of [1, 2]) {
      const { code, output } = await smoke();
      expect([code, output]).toEqual([
        0,
        expect.stringMatching(new RegExp(`trained version ${version}\\npredicted 2[12]`)),
      ]);
    }
    // A version that has just become champion is watched from the next slot on.
    await database.query(`UPDATE model_version SET created_at = now() - interval '1 day'`);
    await boucles.api.ask(
      'mutation ($input: StartChallengeInput!) { startChallenge(input: $input) { id } }',
      {
        input: { model: MODEL, version: 2, kind: 'SHADOW', reason: 'a test' },
      },
      token,
    );
    await boucles.api.ask(
      'mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) { id } }',
      {
        input: {
          model: MODEL,
          cron: '*/10 * * * * *',
          windowSeconds: 10,
          minimumRows: 50,
          rowsPerGroup: 5,
          enabled: true,
        },
      },
      token,
    );
    const report = `SELECT 1 FROM drift_report WHERE document -> 'quality' ->> 'labelled' <> '0'`;
    for (let tries = 0; tries < 30 && (await database.query(report)).length === 0; tries++) {
      const xs = Array.from({ length: 100 }, (_, i) => i / 5);
      const ids = await predict(xs.map((x) => ({ x })));
      const outcomes = ids.map((predictionId, i) => ({ predictionId, value: 2 * xs[i]! + 1 }));
      await boucles.predictor.fetch('/v1/outcomes', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ outcomes }),
        token,
      });
      await pause(1_000);
    }
    expect(await database.query(report)).not.toEqual([]);
    expect(await predict([{ x: 'no number' }])).toEqual([]);
    // What the database says is read every five seconds, and scraped a second later.
    await pause(7_000);
  }, 120_000);

  it('scrapes every role', async () => {
    const { activeTargets } = await prometheus.get('targets');
    expect(activeTargets.map(({ health }: { health: string }) => health)).toEqual(['up', 'up', 'up', 'up']);
    const { result } = await prometheus.get('query', { query: 'count by (role) (boucle_info)' });
    expect(result.map(({ metric }: any) => metric.role).sort()).toEqual([...ROLES].sort());
  });

  it('answers every query of the dashboards, and knows every metric and label that they and alerts name', async () => {
    const { queries, alerts, empty, unknown } = await monitoringFindings(
      prometheus,
      ROLES.map((role) => boucles[role]),
      OCCASIONAL,
    );
    expect(queries).toBeGreaterThan(25);
    expect(alerts).toBe(13);
    expect(empty).toEqual([]);
    expect(unknown).toEqual([]);
  });

  it('exports what the page on monitoring lists', async () => {
    const exported: Record<string, string> = {};
    for (const role of ROLES) {
      const metrics = await (await boucles[role].fetch('/metrics')).text();
      for (const [, name, type] of metrics.matchAll(/^# TYPE (boucle_\w+) (\w+)/gm))
        exported[name!] = exported[name!] ? `${exported[name!]}, ${role}` : `${type}: ${role}`;
    }
    const page = await readFile('docs/monitoring.md', 'utf8');
    const rows = page.matchAll(/^\| `(boucle_\w+)`\s*\| (\w+)\s*\| (.*?)\s*\| (.*?)\s*\|/gm);
    const listed = [...rows].map(([, name, type, , roles]) => [
      name!,
      `${type}: ${roles === 'all' ? ROLES.join(', ') : roles}`,
    ]);
    expect(exported).toEqual(Object.fromEntries(listed));
  });

  it('has no alert about a Boucle that is well', async () => {
    const { groups } = await prometheus.get('rules');
    const rules = groups.flatMap(({ rules }: any) => rules);
    expect(
      rules.filter(({ health }: any) => health !== 'ok').map(({ name, lastError }: any) => `${name}: ${lastError}`),
    ).toEqual([]);
    expect(rules.filter(({ state }: any) => state === 'firing').map(({ name }: any) => name)).toEqual([]);
  });
});
