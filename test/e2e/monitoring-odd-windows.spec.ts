import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/retraining.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { temperatureReference, type WeatherRow, weatherRows } from '../support/watched-model.js';

const ROWS = 600;

describe('checks of odd windows', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    ({ token } = await signUp(boucle, database, 'ENGINEER'));
    const reference = temperatureReference(weatherRows(5_000, 1));
    for (const model of ['silent', 'frozen', 'unlearned']) {
      const version = await registerVersion(database, boucle.home, { model, signature: TEMPERATURE, reference });
      if (model !== 'unlearned') continue;
      // A feature that was missing in each row of the training.
      await database.query(
        `UPDATE model_version SET manifest = manifest #- '{reference,features,precipitation}' WHERE id = $1`,
        [version.versionId],
      );
    }
    await database.query(`UPDATE model_version SET created_at = now() - interval '1 day'`);
    for (const model of ['silent', 'frozen', 'unlearned']) await watch(model);
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  async function watch(model: string): Promise<void> {
    const input = { model, cron: '*/10 * * * * *', windowSeconds: 60, persistence: { k: 1, n: 1 } };
    await boucle.ask(
      'mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) { id } }',
      { input },
      token,
    );
  }

  async function predict(model: string, rows: readonly WeatherRow[]): Promise<void> {
    const response = await boucle.fetch(`/v1/models/${model}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows }),
      token,
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  }

  /** The first report on so many predictions, what was decided, and what its page says. */
  async function reportOn(model: string, rows: number): Promise<{ document: any; decision: string; page: string }> {
    const found = await until(async () => {
      const [row] = await database.query<any>(
        `SELECT report.id, document, decision.verdict AS decision
         FROM drift_report report JOIN retraining_decision decision ON decision.report_id = report.id
         WHERE document ->> 'model' = $1 AND report.rows = $2 ORDER BY report.id LIMIT 1`,
        [model, rows],
      );
      return row;
    });
    const page = await (await boucle.fetch(`/reports/${found.id}`, { token })).text();
    return { ...found, page };
  }

  it('say of an empty one that it says nothing, and decide nothing', async () => {
    const { document, decision, page } = await reportOn('silent', 0);
    expect(document).toMatchObject({ verdict: 'TOO_FEW_ROWS', rows: 0, drifted: 0, judged: 0 });
    expect(document.summary).toBe('0 predictions of version 1: at least 500 are needed to say anything.');
    expect(decision).toBe('TOO_FEW_ROWS');
    expect(page).toContain(document.summary);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('report features that became constant, or that nobody knows any more, as drift', async () => {
    const rows = weatherRows(ROWS, 2).map((row) => ({ ...row, wind: 10, precipitation: null, station: 'south' }));
    await Promise.all([predict('frozen', rows), predict('unlearned', weatherRows(ROWS, 4))]);
    const { document, decision, page } = await reportOn('frozen', ROWS);
    expect(document.verdict).toBe('DRIFT');
    expect(document.summary).toBe(
      '600 predictions of version 1: 4 of 5 columns drifted (wind, precipitation, station and 1 more).',
    );
    const verdicts = (name: string): unknown[] => {
      const { checks } = document.columns.find((column: any) => column.name === name);
      return checks.map((check: any) => [check.method, check.verdict]);
    };
    // As many values are missing as ever: none.
    expect(verdicts('wind')).toEqual([
      ['psi', 'DRIFT'],
      ['missing_share', 'NO_DRIFT'],
    ]);
    // No value is left whose distribution could be compared.
    expect(verdicts('precipitation')).toEqual([
      ['psi', 'TOO_FEW_ROWS'],
      ['missing_share', 'DRIFT'],
    ]);
    expect(verdicts('holiday')[0]).toEqual(['psi', 'NO_DRIFT']);
    expect(decision).toBe('RETRAIN');
    expect(page).toContain(document.summary);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('report a feature that no row of the training knew, and now all know, as drift', async () => {
    const { document, decision, page } = await reportOn('unlearned', ROWS);
    expect(document.summary).toBe('600 predictions of version 1: 1 of 5 columns drifted (precipitation).');
    const [values, missing] = document.columns[1].checks;
    expect(values).toMatchObject({ method: 'psi', verdict: 'TOO_FEW_ROWS', referenceRows: 0, score: null });
    expect(missing).toMatchObject({ method: 'missing_share', verdict: 'DRIFT', referenceRows: 5_000 });
    expect(decision).toBe('RETRAIN');
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });
});
