import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { processesOf } from '../support/processes.js';
import { beginRetraining, type ChangingSource, startSource, until } from '../support/retraining.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { temperatureOf, type WeatherRow, weatherRows } from '../support/watched-model.js';

/** A dead worker is noticed after its heartbeat of 10 s; the jobs then wait for the next look and their retry. */
const RECOVERY_SECONDS = 90;
/** What held each of them when everything was killed. */
const MODELS = ['judging', 'gathering-labels', 'training', 'gathering-source', 'ending'] as const;
type ModelName = (typeof MODELS)[number];

interface Ended {
  readonly state: string;
  readonly attempts: number;
  readonly runs: { state: string; attempts: number; versions: number }[];
  readonly verdicts: string[];
  readonly events: string[];
  readonly champions: number;
}

/** The weather has changed: the models' own formula is off by four degrees for each metre of wind. */
const happened = (row: WeatherRow): number => temperatureOf(row) + 4 * row.wind;

function csv(rows: readonly WeatherRow[]): string {
  const lines = rows.map((row) =>
    [row.wind, row.precipitation ?? '', row.holiday, row.station, happened(row)].join(','),
  );
  return `wind,precipitation,holiday,station,temperature\n${lines.join('\n')}\n`;
}

describe('retrainings whose worker and scheduler are killed', () => {
  let database: TestDatabase;
  let api: Boucle;
  let engineer: Account;
  let source: ChangingSource;
  /** Its locks hold processes where the test wants them. */
  let holder: pg.Client;
  const processes: Boucle[] = [];
  const ids = new Map<ModelName, string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await startSource(csv(weatherRows(1_000, 1)));
    const env = { REGISTRATION: 'open', SOURCE_ALLOW_LIST: source.host };
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env });
    engineer = await signUp(api, database, 'ENGINEER');
    const input = { name: 'observations', source: { kind: 'HTTP', url: source.url, format: 'CSV' } };
    await ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', { input });
    for (const model of MODELS) await registerVersion(database, api.home, { model, signature: TEMPERATURE });
    await database.query(`UPDATE model SET promotion_mode = 'AUTOMATIC'`);
    // A dataset without a source: a retraining on it ends with the first step.
    await database.query(`INSERT INTO dataset (id, name) VALUES (gen_random_uuid(), 'nowhere')`);
    await database.query(
      `UPDATE model SET dataset_id = (SELECT id FROM dataset WHERE name = 'nowhere') WHERE name = 'ending'`,
    );
    await label(weatherRows(400, 2));
    holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
  });

  afterAll(async () => {
    await holder.end();
    for (const boucle of processes) {
      if (boucle.child.exitCode === null && boucle.child.signalCode === null) await boucle.kill();
    }
    await api.stop();
    source.close();
    await database.drop();
  });

  const ask = (query: string, variables?: object) => api.ask(query, variables, engineer.token);

  async function label(rows: readonly WeatherRow[]): Promise<void> {
    const { predict } = await ask(
      'mutation ($input: PredictInput!) { predict(input: $input) { predictions { id } } }',
      {
        input: { model: 'gathering-labels', rows },
      },
    );
    const outcomes = predict.predictions.map(({ id }: any, i: number) => ({
      predictionId: id,
      value: happened(rows[i]!),
    }));
    const { recordOutcomes } = await ask(
      'mutation ($input: RecordOutcomesInput!) { recordOutcomes(input: $input) { accepted } }',
      { input: { outcomes } },
    );
    expect(recordOutcomes.accepted).toBe(rows.length);
  }

  async function start(role: 'worker' | 'scheduler'): Promise<Boucle> {
    const env = { SOURCE_ALLOW_LIST: source.host };
    const boucle = await startBoucle({ databaseUrl: database.url, role, home: api.home, env });
    processes.push(boucle);
    return boucle;
  }

  async function begin(model: ModelName, options: { data?: string; algorithms?: string[] } = {}): Promise<string> {
    const id = await beginRetraining(database, { model, ...options });
    ids.set(model, id);
    return id;
  }

  const rowOf = async (id: string): Promise<any> =>
    (await database.query('SELECT * FROM retraining WHERE id = $1', [id]))[0];

  const untilHeldBy = (table: string) =>
    until(async () => {
      const [row] = await database.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_locks
         WHERE relation = $1::regclass AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        [table],
      );
      return row!.n > 0;
    });

  /** Brings a retraining into each state, with somebody at work on it. @returns the training that is under way. */
  async function holdInEveryState(): Promise<{ runId: string; pid: number }> {
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE promotion IN EXCLUSIVE MODE');
    await holder.query('LOCK TABLE outcome IN ACCESS EXCLUSIVE MODE');
    const judging = await begin('judging');
    await until(async () => (await rowOf(judging)).state === 'JUDGING');
    await untilHeldBy('promotion');

    await begin('gathering-labels', { data: 'LOGGED' });
    await untilHeldBy('outcome');

    const training = await begin('training', { algorithms: ['RANDOM_FOREST'] });
    const { group_id: group } = await until(async () => {
      const row = await rowOf(training);
      return row.state === 'TRAINING' && row;
    });
    const [run] = await database.query<{ id: string }>('SELECT id FROM training_run WHERE group_id = $1', [group]);
    const pid = await until(async () => (await processesOf(run!.id))[0]);
    process.kill(pid, 'SIGSTOP');

    source.page = new Promise(() => undefined);
    const gathering = await begin('gathering-source');
    await until(async () => {
      const { extraction_id: id } = await rowOf(gathering);
      const [extraction] = await database.query<{ state: string }>('SELECT state FROM dataset_version WHERE id = $1', [
        id,
      ]);
      return extraction?.state === 'RUNNING';
    });

    await holder.query('LOCK TABLE event IN EXCLUSIVE MODE');
    await begin('ending');
    await untilHeldBy('event');
    return { runId: run!.id, pid };
  }

  async function outcomeOf(model: ModelName): Promise<Ended> {
    const [row] = await database.query<any>(
      `SELECT state, attempts, group_id,
         (SELECT coalesce(json_agg(json_build_object('state', run.state, 'attempts', run.attempts, 'versions',
            (SELECT count(*) FROM model_version WHERE run_id = run.id))), '[]')
          FROM training_run run WHERE run.model_id = retraining.model_id) AS runs,
         (SELECT coalesce(json_agg(action), '[]') FROM promotion WHERE promotion.model_id = retraining.model_id) AS verdicts,
         (SELECT coalesce(json_agg(kind), '[]') FROM event WHERE subject_id = retraining.id) AS events,
         (SELECT count(*)::int FROM model_version version
          WHERE version.model_id = retraining.model_id AND stage = 'CHAMPION') AS champions
       FROM retraining WHERE id = $1`,
      [ids.get(model)],
    );
    return row;
  }

  it('in every state come to one outcome each, and nothing is left behind', async () => {
    const [worker, scheduler] = await Promise.all([start('worker'), start('scheduler')]);
    const training = await holdInEveryState();
    await Promise.all([worker.kill(), scheduler.kill()]);
    process.kill(training.pid, 'SIGCONT');
    await until(async () => (await processesOf(training.runId)).length === 0, 5);
    source.page = csv(weatherRows(1_200, 3));
    await holder.query('ROLLBACK');
    for (const id of ids.values()) expect((await rowOf(id)).finished_at).toBeNull();

    await Promise.all([start('worker'), start('scheduler'), start('scheduler')]);
    await until(async () => {
      const open = await database.query('SELECT 1 FROM retraining WHERE finished_at IS NULL');
      return open.length === 0;
    }, RECOVERY_SECONDS);

    const trained = {
      state: 'PROMOTED',
      attempts: 0,
      runs: [{ state: 'SUCCEEDED', attempts: 1, versions: 1 }],
      verdicts: ['PROMOTED'],
      events: ['RETRAINING_FINISHED'],
      champions: 1,
    };
    expect(await outcomeOf('judging')).toMatchObject(trained);
    expect(await outcomeOf('gathering-source')).toMatchObject(trained);
    expect(await outcomeOf('gathering-labels')).toMatchObject({ ...trained, attempts: 2 });
    expect(await outcomeOf('training')).toMatchObject({
      ...trained,
      runs: [{ state: 'SUCCEEDED', attempts: 2, versions: 1 }],
    });
    const failed = { state: 'FAILED', runs: [], verdicts: [], events: ['RETRAINING_FAILED'], champions: 1 };
    expect(await outcomeOf('ending')).toMatchObject(failed);
    await expectNothingLeft();
  }, 180_000);

  async function expectNothingLeft(): Promise<void> {
    const extractions = await database.query<{ name: string; state: string }>(
      `SELECT dataset.name, version.state FROM dataset_version version JOIN dataset ON dataset.id = version.dataset_id
       ORDER BY version.id`,
    );
    expect(extractions).toEqual([
      { name: 'observations', state: 'READY' },
      { name: 'observations', state: 'UNCHANGED' },
      { name: 'observations', state: 'READY' },
      { name: 'gathering-labels-labelled', state: 'READY' },
    ]);
    await until(async () => {
      const jobs = await database.query(`SELECT 1 FROM pgboss.job WHERE state IN ('created', 'retry', 'active')`);
      return jobs.length === 0;
    });
    const known = await database.query<{ id: string }>(
      'SELECT id FROM retraining UNION SELECT id FROM dataset_version UNION SELECT id FROM training_run UNION SELECT group_id FROM training_run',
    );
    const left = (await readdir(tmpdir())).filter((name) => known.some(({ id }) => name.includes(id)));
    expect(left).toEqual([]);
  }
});
