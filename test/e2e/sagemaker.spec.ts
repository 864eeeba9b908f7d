import { sendAndAwaitCheck } from '../demo/checked-traffic.js';
import { type CsvSource, startCsvSource } from '../demo/csv-source.js';
import { extract } from '../demo/extract.js';
import { WATCHED } from '../demo/models.js';
import { type OwnCloud, startOwnCloud } from '../demo/own-cloud.js';
import { followRetraining } from '../demo/retraining.js';
import { Session } from '../demo/session.js';
import { Terminal } from '../demo/terminal.js';
import { train } from '../demo/train.js';
import { nextWindow, watch } from '../demo/watch.js';
import { dealWeatherDays } from '../demo/weather-days.js';
import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const MODEL = { ...WATCHED, algorithms: ['LINEAR_REGRESSION'] };
/** USD an hour, and seconds at most: what the only training of a retraining may cost. */
const [PRICE, TIMEOUT] = [0.36, 600];
const MOST = (PRICE * TIMEOUT) / 3600;
const RUN = `query ($id: ID!) { trainingRun(id: $id) { backend trigger maximumCost billedSeconds cost log } }`;
const DECISIONS = `query ($model: String!) { retrainingDecisions(model: $model, first: 1) { nodes { id } } }`;
const INPUTS = `query ($id: ID!) { explainDecision(id: $id) { inputs } }`;

/** The demo (`npm run demo -- --sagemaker`) with one algorithm, and without what it shows besides. */
describe('the loop, with data in a bucket and trainings on SageMaker', () => {
  const terminal = new Terminal({ isTTY: false, write: () => true });
  const days = dealWeatherDays(42);
  let cloud: OwnCloud;
  let source: CsvSource;
  let database: TestDatabase;
  let boucle: Boucle;
  let session: Session;

  beforeAll(async () => {
    cloud = await startOwnCloud();
    source = await startCsvSource('weather', days.header, days.known);
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: {
        ...cloud.env,
        REGISTRATION: 'open',
        SOURCE_ALLOW_LIST: source.host,
        SAGEMAKER_PRICES: `ml.m5.xlarge=${PRICE}`,
        TRAINING_TIMEOUT_SECONDS: String(TIMEOUT),
        SAGEMAKER_POLL_SECONDS: '0.1',
      },
    });
    session = new Session(boucle, (await signUp(boucle, database, 'ENGINEER', true)).token);
  });

  afterAll(async () => {
    await boucle.stop();
    source.close();
    await cloud.stop();
    await database.drop();
  });

  it('closes: drift starts a job, its model is promoted, and what it cost counts', async () => {
    await extract(session, { name: 'seattle', about: 'the weather of Seattle', url: source.url }, terminal);
    const { champion } = await train(session, MODEL, terminal);
    expect(champion).toEqual({ version: 1, algorithm: 'LINEAR_REGRESSION' });

    const settings = { persistence: { k: 1, n: 1 }, algorithms: MODEL.algorithms };
    await expect(
      watch(session, MODEL, terminal, { ...settings, costLimit: { perRetraining: MOST - 0.001 } }),
    ).rejects.toThrow('costLimit: no retraining could begin, since its trainings may cost $0.06');
    await watch(session, MODEL, terminal, { ...settings, costLimit: { perRetraining: MOST, perMonth: 2 * MOST } });
    await nextWindow();
    const [batch] = days.batches;
    source.extend(batch!);
    const { decision } = await sendAndAwaitCheck(session, MODEL, 'elsewhere', batch!, terminal);
    expect(decision).toMatchObject({ verdict: 'RETRAIN', trigger: 'DRIFT' });

    const { state, runs } = await followRetraining(session, MODEL, decision.id, terminal);
    expect(state).toBe('PROMOTED');
    const { trainingRun: run } = await session.ask(RUN, { id: runs[0]!.id });
    expect(run).toMatchObject({ backend: 'SAGEMAKER', trigger: 'DRIFT', maximumCost: expect.closeTo(MOST, 9) });
    expect(run.billedSeconds).toBeGreaterThan(0);
    expect(run.cost).toBeCloseTo((run.billedSeconds * PRICE) / 3600, 9);

    expect([...cloud.jobs.values()].map((job) => job.status)).toEqual(['Completed', 'Completed']);
    const keys = [...cloud.keys()];
    expect(keys.some((key) => key.includes('/training/'))).toBe(false);
    expect(keys.filter((key) => /\/models\/.*\.tar\.gz$/.test(key))).toHaveLength(2);

    const next = await session.until(
      DECISIONS,
      { model: MODEL.name },
      ({ retrainingDecisions: { nodes } }) => nodes[0].id !== decision.id,
      () => undefined,
    );
    const { explainDecision } = await session.ask(INPUTS, { id: next.retrainingDecisions.nodes[0].id });
    const { cost } = explainDecision.inputs.brakes;
    expect(cost).toMatchObject({ trainings: 1, most: expect.closeTo(MOST, 9), perMonth: 2 * MOST });
    // Checked while the job went on or after its end: what it may cost, or what it did.
    expect([MOST, run.cost].some((amount) => Math.abs(cost.spent - amount) < 1e-9)).toBe(true);
  }, 180_000);
});
