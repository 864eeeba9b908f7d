import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { temperatureReference, type WeatherRow, weatherRows } from '../support/watched-model.js';

const SET = `mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) {
  id enabled cron windowSeconds warnings failure nextCheckAt model { name policy { id } } persistence { k n } } }`;
const REPLAY = `query ($model: String!, $from: DateTime!, $to: DateTime!, $policy: MonitoringPolicyInput, $onlyDrift: Boolean) {
  replayPolicy(model: $model, from: $from, to: $to, policy: $policy, onlyDrift: $onlyDrift) {
    ticks alarms retrainings checks { tick verdict rows decision approximate } } }`;

describe('monitoring of a running Boucle', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    ({ token } = await signUp(boucle, database, 'ENGINEER'));
    const reference = temperatureReference(weatherRows(5_000, 1));
    await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE, reference });
    // A version that has just become champion is watched from the next slot on.
    await database.query(`UPDATE model_version SET created_at = now() - interval '1 day'`);
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  /** Predicts all rows within one window of ten seconds. @returns the end of that window. */
  async function predict(rows: readonly WeatherRow[]): Promise<number> {
    while (Date.now() % 10_000 < 200 || Date.now() % 10_000 > 7_000) await pause(100);
    const end = (Math.floor(Date.now() / 10_000) + 1) * 10_000;
    const response = await boucle.fetch('/v1/models/temperature/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows }),
      token,
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    return end;
  }

  async function reportOf(end: number): Promise<any> {
    for (let tries = 0; tries < 100; tries++) {
      const [report] = await database.query<any>('SELECT * FROM drift_report WHERE tick = $1', [new Date(end)]);
      if (report) return report;
      await pause(200);
    }
    throw new Error(`no report: ${boucle.output().slice(-3000)}`);
  }

  it('checks windows by the clock: no drift, drift, and a decision about each', async () => {
    const input = { model: 'temperature', cron: '*/10 * * * * *', windowSeconds: 10 };
    const { setMonitoringPolicy: policy } = await boucle.ask(SET, { input }, token);
    expect(policy).toMatchObject({ enabled: true, windowSeconds: 10, persistence: { k: 2, n: 3 } });
    expect(policy.model.policy.id).toBe(policy.id);

    const quiet = await reportOf(await predict(weatherRows(600, 2)));
    expect(quiet).toMatchObject({ verdict: 'NO_DRIFT', rows: '600' });
    const drifted = await reportOf(await predict(weatherRows(600, 3, 1)));
    expect(drifted).toMatchObject({ verdict: 'DRIFT', rows: '600' });
    const names = drifted.document.columns.filter((column: any) => column.verdict === 'DRIFT');
    expect(names.map(({ name }: any) => name)).toEqual(['wind', 'temperature']);

    const decisions = await database.query<any>('SELECT report_id, verdict FROM retraining_decision');
    expect(decisions).toContainEqual({ report_id: quiet.id, verdict: 'HEALTHY' });
    expect(decisions).toContainEqual({ report_id: drifted.id, verdict: 'NOT_PERSISTENT' });
    const events = await database.query<any>(`SELECT subject_id FROM event WHERE kind = 'DRIFT_DETECTED'`);
    expect(events).toEqual([{ subject_id: drifted.id }]);
  });

  it('replays the policy over what was logged, with the same verdicts and decisions as the checks had, and no effect', async () => {
    const live = await database.query<any>(
      `SELECT report.tick, report.verdict, report.rows::int AS rows, decision.verdict AS decision
       FROM drift_report report JOIN retraining_decision decision ON decision.report_id = report.id ORDER BY report.tick`,
    );
    expect(live.length).toBeGreaterThanOrEqual(2);
    const times = { from: live[0].tick, to: live.at(-1).tick };
    const { replayPolicy: replay } = await boucle.ask(REPLAY, { model: 'temperature', ...times }, token);
    expect(replay.checks).toEqual(
      live.map((check) => ({ ...check, tick: check.tick.toISOString(), approximate: false })),
    );
    expect(replay).toMatchObject({ ticks: live.length, alarms: 1, retrainings: 0 });

    const bolder = { model: 'temperature', cron: '*/10 * * * * *', windowSeconds: 10, persistence: { k: 1, n: 1 } };
    const other = await boucle.ask(REPLAY, { model: 'temperature', ...times, policy: bolder, onlyDrift: true }, token);
    expect(other.replayPolicy).toMatchObject({
      alarms: 1,
      retrainings: 1,
      checks: [{ rows: 600, decision: 'RETRAIN' }],
    });
    const [counts] = await database.query(
      'SELECT (SELECT count(*)::int FROM retraining) AS retrainings, (SELECT count(*)::int FROM event) AS events',
    );
    expect(counts).toEqual({ retrainings: 0, events: 1 });
  });

  it('refuses replays of too many checks, of times in the wrong order, and of another model', async () => {
    const refused = async (variables: object) => {
      const answer = await boucle.graphql(REPLAY, { model: 'temperature', ...variables }, token);
      return answer.errors![0]!.message;
    };
    const [from, to] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
    expect(await refused({ from, to })).toContain('more than 3000 times');
    expect(await refused({ from: to, to: from })).toContain('from must lie before to');
    expect(await refused({ from, to, policy: { model: 'others' } })).toContain('name the same model twice');
  });

  it('answers reports with columns and drawings, and opens their pages to those who may see them', async () => {
    const { driftReports } = await boucle.ask(
      '{ driftReports(model: "temperature", first: 20) { nodes { id verdict summary } } }',
      {},
      token,
    );
    const { id } = driftReports.nodes.find((node: any) => node.verdict === 'DRIFT');
    const { driftReport: report } = await boucle.ask(
      `query ($id: ID!) { driftReport(id: $id) { id verdict rows summary drifted judged pageUrl version { version }
         columns { name role verdict drawing checks { method score threshold } distribution { bars { label } } } } }`,
      { id },
      token,
    );
    expect(report).toMatchObject({ drifted: 2, judged: 5, version: { version: 1 }, rows: 600 });
    expect(report.summary).toBe('600 predictions of version 1: 2 of 5 columns drifted (wind, temperature).');
    const [wind] = report.columns;
    expect(wind).toMatchObject({ name: 'wind', role: 'FEATURE', verdict: 'DRIFT' });
    expect(wind.drawing).toMatch(/^<svg/);
    expect(wind.checks[0]).toMatchObject({ method: 'PSI', threshold: 0.1 });
    expect(wind.distribution.bars.length).toBeLessThanOrEqual(20);

    const linked = await fetch(report.pageUrl);
    expect(linked.status).toBe(200);
    expect(linked.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(linked.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const page = await linked.text();
    expect(page).toContain('<!doctype html>');
    expect(await (await boucle.fetch(`/reports/${report.id}`, { token })).text()).toBe(page);
    expect((await boucle.fetch(`/reports/${report.id}`)).status).toBe(401);
    const other = driftReports.nodes.find((node: any) => node.id !== report.id);
    expect((await fetch(report.pageUrl.replace(report.id, other.id))).status).toBe(403);
    expect((await fetch(`${report.pageUrl}x`)).status).toBe(403);
  });

  it('refuses what would never or always fire, in words, and warns of what may not be meant', async () => {
    const refused = async (input: object) => {
      const answer = await boucle.graphql(SET, { input: { model: 'temperature', ...input } }, token);
      return answer.errors![0]!.message;
    };
    expect(await refused({ cron: '* * * * * *' })).toContain('cron fires every 1 s');
    expect(await refused({ cron: '0 0 30 2 *' })).toContain('never fires');
    expect(await refused({ persistence: { k: 3, n: 2 } })).toContain('k must be at most n');
    expect(await refused({ checks: [{ column: 'sun', method: 'PSI' }] })).toContain('no column sun');
    expect(await refused({ checks: [{ column: 'station', method: 'KS' }] })).toContain('columns of type NUMBER');
    expect(await refused({ checks: [{ column: 'wind', method: 'KS' }] })).toContain('keeps no sample');
    expect(await refused({ quality: { metric: 'rocAuc', floor: 0.9 } })).toContain('no metric rocAuc');
    expect(await refused({ maximumAgeSeconds: 60 })).toContain('always fire');
    const input = { model: 'temperature', persistence: null, minimumRows: 100, enabled: false };
    const { setMonitoringPolicy: policy } = await boucle.ask(SET, { input }, token);
    expect(policy).toMatchObject({ enabled: false, nextCheckAt: null, persistence: null });
    expect(policy.warnings).toEqual([
      'Nothing starts a retraining: drift is reported only.',
      expect.stringContaining('too few rows all the same'),
    ]);
    await boucle.ask('mutation { removeMonitoringPolicy(model: "temperature") }', {}, token);
    const { monitoringPolicies } = await boucle.ask('{ monitoringPolicies { nodes { id } } }', {}, token);
    expect(monitoringPolicies.nodes).toEqual([]);
  });
});
