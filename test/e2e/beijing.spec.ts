import { runBeijingTour, type WatchedYear } from '../demo/beijing-tour.js';
import { readBeijingYears } from '../demo/beijing-years.js';
import { type CsvSource, startCsvSource } from '../demo/csv-source.js';
import { Session } from '../demo/session.js';
import { Terminal } from '../demo/terminal.js';
import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const data = readBeijingYears();
const describeWithData = data ? describe : describe.skip;

/** The first two of the four years that `npm run demo:beijing` lets pass, by the same client. */
describeWithData('the air of Beijing under a policy', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let source: CsvSource;
  let output = '';
  let years: WatchedYear[];

  beforeAll(async () => {
    const { header, known, later } = data!;
    source = await startCsvSource('beijing', header, known);
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: { SOURCE_ALLOW_LIST: source.host, REGISTRATION: 'open' },
    });
    const { token } = await signUp(boucle, database, 'ENGINEER');
    const terminal = new Terminal({ isTTY: false, write: (text) => (output += text) !== '' });
    try {
      years = await runBeijingTour(new Session(boucle, token), source, later.slice(0, 2), terminal);
    } catch (error) {
      throw new Error(`The tour ended early:\n${output}`, { cause: error });
    }
  }, 180_000);

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
    source.close();
  });

  it('2011: one column drifts, which would not be enough, but the error is surely above its bound: it trains anew', () => {
    const { check, retraining, rmse, rmseOfFirst } = years[0]!;
    expect(check.report).toMatchObject({ verdict: 'DRIFT', rows: 8760, drifted: [{ name: 'PRES' }] });
    expect(check.decision).toMatchObject({ verdict: 'RETRAIN', trigger: 'QUALITY' });
    expect(check.decision.reason).toMatch(/^rmse is to be at most 70; it is 75\.\d+ on 8032 outcomes/);
    expect(rmse).toBeCloseTo(rmseOfFirst, 6);
    expect(retraining).toMatchObject({ state: 'PROMOTED', ledgerEntry: { action: 'PROMOTED', version: 4 } });
  });

  it('2012: the new champion, which has seen 2011 and not 2012, is healthy, and better than the first one would be', () => {
    const { check, retraining, rmse, rmseOfFirst } = years[1]!;
    expect(check).toMatchObject({
      version: 4,
      report: { verdict: 'NO_DRIFT', rows: 8784, drifted: [] },
      decision: { verdict: 'HEALTHY', trigger: null },
    });
    expect(retraining).toBeUndefined();
    expect(rmse).toBeLessThan(70);
    expect(rmse).toBeLessThan(rmseOfFirst - 4);
  });

  it('is shown in a table', () => {
    expect(output).toMatch(/^ {2}2011 +DRIFT +PRES +2 +75\.\d+ +75\.\d+ +RETRAIN: QUALITY +version 4, promoted$/m);
    expect(output).toMatch(/^ {2}2012 +NO_DRIFT +4 +66\.\d+ +72\.\d+ +HEALTHY$/m);
  });
});
