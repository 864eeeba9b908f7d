import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  beginRetraining,
  type ChangingSource,
  createLoadModel,
  loadCsv,
  loadRows,
  startSource,
  until,
} from '../support/retraining.js';

const RETRAINING = `id state trigger message data algorithms finishedAt model { name }
  decision { id verdict retraining { id } } datasetVersion { number dataset { name } }
  runs { trigger state requestedBy algorithm } versions { version stage } promotion { action version previousChampion reason }`;

describe('retrainings of a running Boucle', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let source: ChangingSource;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await startSource(loadCsv(loadRows(1000, 1)));
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: { REGISTRATION: 'open', SOURCE_ALLOW_LIST: source.host },
    });
    ({ token } = await signUp(boucle, database, 'ENGINEER', true));
    await createLoadModel(boucle, token, source.url);
  });

  afterAll(async () => {
    await boucle.stop();
    source.close();
    await database.drop();
  });

  const ask = (query: string, variables?: object) => boucle.ask(query, variables, token);

  async function ended(id: string): Promise<any> {
    return until(async () => {
      const query = `query ($id: ID!) { retraining(id: $id) { ${RETRAINING} } }`;
      const { retraining } = await ask(query, { id });
      return retraining.finishedAt && retraining;
    });
  }

  const eventOf = async (id: string): Promise<any> => {
    const [event] = await database.query('SELECT kind, payload FROM event WHERE subject_id = $1', [id]);
    return event;
  };

  it('extracts the source anew, trains, and lets the gate promote', async () => {
    source.page = loadCsv(loadRows(1500, 2), 3);
    const id = await beginRetraining(database);
    const retraining = await ended(id);
    expect(retraining).toMatchObject({
      state: 'PROMOTED',
      trigger: 'DRIFT',
      model: { name: 'load' },
      decision: { verdict: 'RETRAIN', retraining: { id } },
      datasetVersion: { number: 2, dataset: { name: 'load' } },
      runs: [{ trigger: 'DRIFT', state: 'SUCCEEDED', requestedBy: null, algorithm: 'LINEAR_REGRESSION' }],
      versions: [{ version: 2, stage: 'CHAMPION' }],
      promotion: { action: 'PROMOTED', version: 2, previousChampion: 1 },
    });
    expect(retraining.message).toBe(retraining.promotion.reason);
    const { kind, payload } = await eventOf(id);
    expect(kind).toBe('RETRAINING_FINISHED');
    expect(payload).toMatchObject({
      retrainingId: id,
      decisionId: retraining.decision.id,
      state: 'PROMOTED',
      version: 2,
      previousChampion: 1,
      gain: { metric: 'rmse', difference: expect.any(Number), rows: expect.any(Number) },
    });
    expect(payload.runIds).toHaveLength(1);
  });

  it('ends without a training where the source holds nothing new', async () => {
    const id = await beginRetraining(database);
    expect(await ended(id)).toMatchObject({
      state: 'NO_NEW_DATA',
      message: 'There is no new data: version 2 learned from the same rows already.',
      runs: [],
      promotion: null,
    });
  });

  it('ends as FAILED where the source fails, and tells it', async () => {
    source.page = undefined;
    const id = await beginRetraining(database);
    const retraining = await ended(id);
    expect(retraining).toMatchObject({ state: 'FAILED', runs: [] });
    expect(retraining.message).toContain('The extraction of its data failed: datasetVersion(id: ');
    expect(await eventOf(id)).toMatchObject({ kind: 'RETRAINING_FAILED', payload: { state: 'FAILED' } });
  });
});
