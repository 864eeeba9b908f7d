import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { Random } from '../../src/ml/statistics/random.js';
import type { Boucle } from './boucle-process.js';
import type { TestDatabase } from './database.js';

export const LOAD_FEATURES = ['hour', 'warmth', 'holiday', 'place'];

export interface LoadRow {
  readonly hour: number;
  readonly warmth: number;
  readonly holiday: boolean;
  readonly place: string;
}

/** Electric load: linear in the hour and the warmth, and so to be learned; `slope` is how much an hour counts. */
export function loadRows(rows: number, seed: number): LoadRow[] {
  const random = new Random(seed);
  return Array.from({ length: rows }, () => ({
    hour: Math.floor(24 * random.uniform()),
    warmth: Math.round(300 * random.uniform()) / 10,
    holiday: random.uniform() < 0.2,
    place: random.uniform() < 0.5 ? 'north' : 'south',
  }));
}

export function loadOf({ hour, warmth, holiday, place }: LoadRow, slope = 2): number {
  return 100 + slope * hour - warmth - (holiday ? 10 : 0) + (place === 'north' ? 5 : 0);
}

export function loadCsv(rows: readonly LoadRow[], slope = 2): string {
  const lines = rows.map((row) => [row.hour, row.warmth, row.holiday, row.place, loadOf(row, slope)].join(','));
  return `${[...LOAD_FEATURES, 'load'].join(',')}\n${lines.join('\n')}\n`;
}

/** A source whose page tests change; undefined answers 500, a promise is waited for. */
export interface ChangingSource {
  readonly url: string;
  readonly host: string;
  page: string | undefined | Promise<string>;
  close(): void;
}

export async function startSource(page: string): Promise<ChangingSource> {
  const server: Server = createServer((_, response) => {
    void Promise.resolve(source.page).then((text) => {
      if (text === undefined) response.writeHead(500).end();
      else response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const source: ChangingSource = {
    url: `http://127.0.0.1:${port}/load.csv`,
    host: `127.0.0.1:${port}`,
    page,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return source;
}

/** A model `load` on a dataset of the source, with a champion that was trained on the source's first page. */
export async function createLoadModel(boucle: Boucle, token: string, url: string): Promise<void> {
  const ask = (query: string, variables?: object) => boucle.ask(query, variables, token);
  const input = { name: 'load', source: { kind: 'HTTP', url, format: 'CSV' } };
  await ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', { input });
  await ask('mutation { extractDataset(dataset: "load") { id } }');
  await until(async () => (await ask('{ dataset(name: "load") { latestVersion { number } } }')).dataset.latestVersion);
  const model = { name: 'load', task: 'REGRESSION', dataset: 'load', target: 'load', features: LOAD_FEATURES };
  await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
    input: { ...model, promotionMode: 'AUTOMATIC' },
  });
  const training = { model: 'load', algorithms: ['LINEAR_REGRESSION'] };
  await ask('mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }', { input: training });
  await until(async () => (await ask('{ model(name: "load") { champion { version } } }')).model.champion);
}

/** Begins a retraining as a decision would, and returns its id. */
export async function beginRetraining(
  database: TestDatabase,
  { model = 'load', data = 'SOURCE', algorithms = ['LINEAR_REGRESSION'], policyId = uuidv7() } = {},
): Promise<string> {
  const [reportId, decisionId, id] = [uuidv7(), uuidv7(), uuidv7()];
  await database.query(
    `INSERT INTO drift_report (id, model_id, version_id, tick, window_from, window_to, verdict, rows, document)
     SELECT $1, model.id, version.id, clock_timestamp(), now() - interval '1 hour', now(), 'DRIFT', 1000, '{}'
     FROM model JOIN model_version version ON version.model_id = model.id AND version.stage = 'CHAMPION'
     WHERE model.name = $2`,
    [reportId, model],
  );
  await database.query(
    `INSERT INTO retraining_decision (id, model_id, report_id, verdict, trigger, reason, inputs, steps)
     SELECT $1, model_id, id, 'RETRAIN', 'DRIFT', 'the test says so', '{}', '[]' FROM drift_report WHERE id = $2`,
    [decisionId, reportId],
  );
  await database.query(
    `INSERT INTO retraining (id, model_id, policy_id, decision_id, trigger, state, data, algorithms, message)
     SELECT $1, model_id, $2, id, trigger, 'GATHERING', $3, $4, 'waiting for data'
     FROM retraining_decision WHERE id = $5`,
    [id, policyId, data, algorithms, decisionId],
  );
  return id;
}

/** Asks until the answer is not null, undefined or false. */
export async function until<T>(ask: () => Promise<T>, seconds = 40): Promise<NonNullable<T>> {
  let answer: T | undefined;
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited for ${seconds} s in vain: ${JSON.stringify(answer)}`);
}
