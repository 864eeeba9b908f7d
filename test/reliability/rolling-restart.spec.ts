import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';

const CLIENTS = 8;
const ROWS = [{ wind: 3, precipitation: 1, holiday: true, station: 'north' }];
const TEMPERATURE_OF_ROW = 10 + 2 * 3 - 1 + 4 + 1;

let database: TestDatabase;
let api: Boucle;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } });
  ({ token } = await signUp(api, database, 'PREDICTOR'));
  await registerVersion(database, api.home, { model: 'temperature', signature: TEMPERATURE });
});

afterAll(async () => {
  await api.stop();
  await database.drop();
});

const startPredictor = (): Promise<Boucle> =>
  startBoucle({ databaseUrl: database.url, role: 'predictor', home: api.home });

async function predict(predictor: Boucle): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ rows: ROWS });
  const response = await predictor.fetch('/v1/models/temperature/predict', { method: 'POST', headers, body, token });
  const answer: any = await response.json();
  if (response.status !== 200) throw new Error(`${response.status}: ${JSON.stringify(answer)}`);
  return answer.predictions[0].value;
}

it('replaces every predictor under load without a failed request or a lost row of the log', async () => {
  /** What a Service sends requests to: a pod leaves it before its SIGTERM, as preStop of the chart makes sure. */
  const rotation = [await startPredictor(), await startPredictor()];
  const answers: number[] = [];
  let ended = false;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let turn = client; !ended; turn++) answers.push(await predict(rotation[turn % rotation.length]!));
  });
  const restarts = async (): Promise<(number | null)[]> => {
    const codes: (number | null)[] = [];
    for (let replaced = 0; replaced < 2; replaced++) {
      const successor = await startPredictor();
      const leaving = rotation.shift()!;
      rotation.push(successor);
      const before = answers.length;
      codes.push(await leaving.stop()); // Requests that it has begun are under way right now.
      expect(answers.length).toBeGreaterThan(before);
    }
    ended = true;
    return codes;
  };
  const [codes] = await Promise.all([restarts(), ...clients]).finally(() => (ended = true));
  await Promise.all(rotation.map((predictor) => predictor.stop()));
  expect(codes).toEqual([0, 0]);
  expect(new Set(answers)).toEqual(new Set([TEMPERATURE_OF_ROW]));
  const [logged] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM prediction');
  expect(logged!.count).toBe(answers.length);
}, 120_000);
