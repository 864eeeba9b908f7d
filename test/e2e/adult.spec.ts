import { once } from 'node:events';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ranking } from '../../src/ml/metrics/ranking.js';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Census data that lies beside the project where it is developed; see the README of that folder. */
const DATA = join(import.meta.dirname, '../../../shared/data');
const NAMES =
  'age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain capital_loss hours_per_week native_country income'.split(
    ' ',
  );
const FEATURES = NAMES.slice(0, -1);
const NUMERIC = new Set(['age', 'fnlwgt', 'education_num', 'capital_gain', 'capital_loss', 'hours_per_week']);
const BATCH = 1000;

const describeWithData = existsSync(join(DATA, 'adult-train.csv')) ? describe : describe.skip;

describeWithData('Adult: headerless, padded, with ? for missing', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let engineer: Account;
  let files: Server;

  beforeAll(async () => {
    files = createServer((_, response) => createReadStream(join(DATA, 'adult-train.csv')).pipe(response));
    files.listen(0, '127.0.0.1');
    await once(files, 'listening');
    const host = `127.0.0.1:${(files.address() as AddressInfo).port}`;
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: { SOURCE_ALLOW_LIST: host, REGISTRATION: 'open' },
    });
    engineer = await signUp(boucle, database, 'ENGINEER');
    const source = { kind: 'HTTP', url: `http://${host}/adult.csv`, format: 'CSV' };
    const options = { header: false, names: NAMES, trim: true, nullMarkers: ['?'] };
    await ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', {
      input: { name: 'adult', source, options },
    });
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
    files.close();
  });

  const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, engineer.token);

  async function until(query: string, variables: object, isDone: (data: any) => boolean): Promise<any> {
    for (;;) {
      const data = await ask(query, variables);
      if (isDone(data)) return data;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  it('is extracted with its missing values recognised', async () => {
    const { extractDataset } = await ask('mutation { extractDataset(dataset: "adult") { id } }');
    const { datasetVersion } = await until(
      'query ($id: ID!) { datasetVersion(id: $id) { state failure rows profile } }',
      { id: extractDataset.id },
      (data) => ['READY', 'FAILED'].includes(data.datasetVersion.state),
    );
    expect(datasetVersion).toMatchObject({ state: 'READY', failure: null, rows: 32_561 });
    const nulls = Object.fromEntries(datasetVersion.profile.map((column: any) => [column.name, column.nulls]));
    expect(nulls).toMatchObject({ workclass: 1836, occupation: 1843, native_country: 583, age: 0, income: 0 });
  });

  it('trains to an AUC of 0.90 or more on the other file, predicted over the API', async () => {
    await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
      input: { name: 'income', task: 'CLASSIFICATION', dataset: 'adult', target: 'income', features: FEATURES },
    });
    await ask('mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }', {
      input: { model: 'income', algorithms: ['LOGISTIC_REGRESSION', 'RANDOM_FOREST'], seed: 42 },
    });
    const { trainingRuns } = await until(
      '{ trainingRuns(model: "income") { nodes { state failure algorithm startedAt finishedAt } } }',
      {},
      (data) => data.trainingRuns.nodes.every(({ finishedAt }: any) => finishedAt !== null),
    );
    for (const run of trainingRuns.nodes) expect(run).toMatchObject({ state: 'SUCCEEDED', failure: null });

    const rows = testRows();
    expect(rows).toHaveLength(16_281);
    for (const algorithm of ['LOGISTIC_REGRESSION', 'RANDOM_FOREST']) {
      const auc = await aucOf(algorithm, rows);
      process.stdout.write(`Adult, ${algorithm}: ROC AUC ${auc.toFixed(4)} on adult-test.csv\n`);
      expect(auc).toBeGreaterThanOrEqual(0.9);
    }
  }, 120_000);

  async function aucOf(algorithm: string, rows: readonly TestRow[]): Promise<number> {
    const scores = new Float64Array(rows.length);
    for (let from = 0; from < rows.length; from += BATCH) {
      const response = await boucle.fetch('/v1/models/income/predict', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ algorithm, rows: rows.slice(from, from + BATCH).map(({ features }) => features) }),
        token: engineer.token,
      });
      const answer: any = await response.json();
      expect(response.status).toBe(200);
      answer.predictions.forEach((prediction: any, i: number) => {
        scores[from + i] = prediction.probabilities['>50K'];
      });
    }
    return (
      ranking(
        Uint8Array.from(rows, ({ isRich }) => (isRich ? 1 : 0)),
        scores,
      ).rocAuc ?? 0
    );
  }
});

interface TestRow {
  readonly features: Readonly<Record<string, string | number | null>>;
  readonly isRich: boolean;
}

/** The file of the other half of the census, whose labels end in a dot. */
function testRows(): TestRow[] {
  const lines = readFileSync(join(DATA, 'adult-test.csv'), 'utf8').split('\n');
  return lines
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === NAMES.length)
    .map((cells) => ({
      isRich: cells.at(-1) === '>50K.',
      features: Object.fromEntries(FEATURES.map((name, i) => [name, valueOf(name, cells[i]!)])),
    }));
}

function valueOf(name: string, cell: string): string | number | null {
  if (cell === '?') return null;
  return NUMERIC.has(name) ? Number(cell) : cell;
}
