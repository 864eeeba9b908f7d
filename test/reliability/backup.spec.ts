import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Boucle, type BoucleOptions, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { installedPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.js';
import { until } from '../support/retraining.js';

const run = promisify(execFile);
const CREDENTIALS = { email: 'ada@example.org', password: 'a good long pass phrase' };
const ROWS = [
  { hour: 3, warmth: 21.5 },
  { hour: 20, warmth: 4 },
];
const CSV = [
  'hour,warmth,load',
  ...Array.from({ length: 200 }, (_, i) => `${i % 24},${i % 30},${2 * (i % 24) - (i % 30)}`),
];

/** The procedures are the ones that people are told to follow. */
async function procedure(heading: string, step: 'back up' | 'restore'): Promise<string> {
  const text = await readFile('docs/backup.md', 'utf8');
  const section = text.slice(text.indexOf(`## ${heading}`));
  return new RegExp(`\`\`\`sh\\n# ${step}[^]*?\`\`\``).exec(section)![0].replace(/^```sh\n|```$/g, '');
}

describe('after backup, loss and restore', () => {
  const binaries = installedPostgres();
  let backup: string;
  const started: Boucle[] = [];

  beforeEach(async () => {
    backup = await mkdtemp(join(tmpdir(), 'boucle-backup-'));
    await chmod(backup, 0o755); // Else an embedded PostgreSQL that root started keeps its data elsewhere.
  });

  afterEach(async () => {
    for (const boucle of started.splice(0)) await boucle.stop();
    await rm(backup, { recursive: true, force: true });
  });

  async function start(options: BoucleOptions): Promise<Boucle> {
    const boucle = await startBoucle(options);
    started.push(boucle);
    return boucle;
  }

  async function perform(heading: string, step: 'back up' | 'restore', env: Record<string, string>): Promise<void> {
    await run('bash', ['-euc', await procedure(heading, step)], { env: { ...process.env, BACKUP: backup, ...env } });
  }

  (binaries ? it : it.skip)(
    'an installation on a server gives the same answers, and remembers those it gave',
    async () => {
      const server = await startPostgres(binaries!);
      const store = join(backup, 'store');
      const url = server.url.replace(/postgres$/, 'boucle');
      const environment = {
        PATH: `${binaries}:${process.env['PATH']}`,
        DATABASE_URL: url,
        STORE: store,
      };
      const options = { databaseUrl: url, env: { STORAGE_URL: `file://${store}`, REGISTRATION: 'open' } };
      try {
        await createDatabase(server);
        const migrated = await runBoucle(['migrate'], { DATABASE_URL: url, BOUCLE_SECRET: TEST_SECRET });
        expect(migrated).toMatchObject({ code: 0 });
        let boucle = await start(options);
        await boucle.ask(REGISTER, { input: CREDENTIALS });
        await asAdministrator(server);
        const before = await trainAndPredict(boucle, await logIn(boucle));
        await perform('With a PostgreSQL server', 'back up', environment);
        await boucle.stop();

        await rm(store, { recursive: true });
        await createDatabase(server);
        await perform('With a PostgreSQL server', 'restore', environment);
        boucle = await start(options);
        await expectSame(boucle, before);
        await boucle.stop();
      } finally {
        await server.stop();
      }
    },
    120_000,
  );

  it('an embedded one does, too', async () => {
    const home = join(backup, 'home');
    let boucle = await start({ home });
    await boucle.ask(REGISTER, { input: CREDENTIALS });
    const before = await trainAndPredict(boucle, await logIn(boucle));
    await boucle.stop();
    await perform('With the embedded database', 'back up', { BOUCLE_HOME: home });
    await rm(home, { recursive: true });

    await perform('With the embedded database', 'restore', { BOUCLE_HOME: home });
    boucle = await start({ home });
    await expectSame(boucle, before);
    await boucle.stop();
  }, 120_000);
});

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { user { role } } }';

async function createDatabase(server: PostgresServer): Promise<void> {
  await onDatabase(server.url, 'DROP DATABASE IF EXISTS boucle WITH (FORCE)');
  await onDatabase(server.url, 'CREATE DATABASE boucle');
}

async function asAdministrator(server: PostgresServer): Promise<void> {
  await onDatabase(server.url.replace(/postgres$/, 'boucle'), `UPDATE app_user SET role = 'ADMIN', can_promote = true`);
}

async function onDatabase(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function logIn(boucle: Boucle): Promise<string> {
  const { login } = await boucle.ask('mutation ($input: LoginInput!) { login(input: $input) { accessToken } }', {
    input: CREDENTIALS,
  });
  return login.accessToken;
}

interface Answer {
  readonly predictions: { id: string; value: number }[];
}

/** Extracts, trains and promotes, as a user would, and predicts once. */
async function trainAndPredict(boucle: Boucle, token: string): Promise<Answer> {
  const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, token);
  const dataset = { name: 'loads', source: { kind: 'UPLOAD', format: 'CSV' } };
  await ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', { input: dataset });
  const upload = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: CSV.join('\n'), token };
  expect((await boucle.fetch('/v1/datasets/loads/upload', upload)).status).toBe(202);
  await until(async () => (await ask('{ dataset(name: "loads") { latestVersion { number } } }')).dataset.latestVersion);
  const model = { name: 'load', task: 'REGRESSION', dataset: 'loads', target: 'load', features: ['hour', 'warmth'] };
  await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
    input: { ...model, promotionMode: 'AUTOMATIC' },
  });
  const training = { model: 'load', algorithms: ['LINEAR_REGRESSION'] };
  await ask('mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }', { input: training });
  await until(async () => (await ask('{ model(name: "load") { champion { version } } }')).model.champion);
  return predict(boucle, token);
}

async function predict(boucle: Boucle, token: string): Promise<Answer> {
  const response = await boucle.fetch('/v1/models/load/predict', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: ROWS }),
    token,
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

async function expectSame(boucle: Boucle, before: Answer): Promise<void> {
  const token = await logIn(boucle);
  const query = '{ predictions(first: 10) { nodes { id value } } promotions(model: "load") { nodes { action } } }';
  const { predictions, promotions } = await boucle.ask(query, {}, token);
  const logged = before.predictions.map(({ id, value }) => ({ id, value: String(value) }));
  expect(predictions.nodes.map(({ id, value }: any) => ({ id, value: String(value) })).reverse()).toEqual(logged);
  expect(promotions.nodes).toEqual([{ action: 'PROMOTED' }]);
  const after = await predict(boucle, token);
  expect(after.predictions.map(({ value }) => value)).toEqual(before.predictions.map(({ value }) => value));
}
