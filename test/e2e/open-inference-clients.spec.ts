import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Account, createAdministrator } from '../security/callers.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { hasCommand, pythonWith } from '../support/peers.js';
import { registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const run = promisify(execFile);
const CLIENT_TIMEOUT_MS = 30_000;
const PYTHON = pythonWith('tritonclient.http');
/** 10 + 2·2 − 1 + 4 + 1, and 10 − 0.5 − 1; of the matrix, without a known station. */
const TEMPERATURES = [18, 8.5];
const WITHOUT_STATION = [17, 9.5];

describe('clients of the Open Inference Protocol that are not ours', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let account: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url });
    account = await createAdministrator(boucle, database.url);
    for (const stage of ['RETIRED', 'CHAMPION'] as const) {
      await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE, stage });
    }
    await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  (PYTHON === undefined ? it.skip : it)("Triton's Python client gets right answers", async () => {
    const script = ['test/support/open-inference/client.py', new URL(boucle.url).host, account.accessToken];
    const { stdout } = await run(PYTHON!, script, { timeout: CLIENT_TIMEOUT_MS });
    const sun = [-2, -11.5].map((x) => 1 / (1 + Math.exp(-x)));
    expect(JSON.parse(stdout)).toEqual({
      live: true,
      ready: true,
      server: 'boucle',
      modelReady: true,
      nobodyReady: false,
      inputs: ['wind', 'precipitation', 'holiday', 'station'],
      temperature: { id: 'asked', version: '2', outputs: { predict: TEMPERATURES } },
      versioned: { id: 'asked', version: '1', outputs: { predict: TEMPERATURES } },
      matrix: { id: 'asked', version: '2', outputs: { predict: WITHOUT_STATION } },
      weather: {
        id: 'asked',
        version: '1',
        outputs: {
          predict: ['rain', 'rain'],
          predict_proba: sun.map((p) => [expect.closeTo(1 - p, 6), expect.closeTo(p, 6)]),
        },
      },
      unknown: { status: '404', message: expect.stringContaining('There is no model nobody') },
      binary: { status: '400', message: expect.stringContaining('binary_data=False') },
    });
    const [logged] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction');
    expect(logged!.n).toBe(8);
  });

  (hasCommand('curl') ? it : it.skip)('curl gets right answers', async () => {
    const body = { inputs: [{ name: 'X', shape: [2, 4], datatype: 'FP64', data: [2, 1, 1, 0, 0, null, 0, 0] }] };
    const url = `${boucle.url}/v2/models/temperature/infer`;
    const headers = [`authorization: Bearer ${account.accessToken}`, 'content-type: application/json'];
    const options = ['-sS', '-m', '20', ...headers.flatMap((header) => ['-H', header]), '-d', JSON.stringify(body)];
    const { stdout } = await run('curl', [...options, url]);
    expect(JSON.parse(stdout)).toMatchObject({ outputs: [{ name: 'predict', data: WITHOUT_STATION }, {}] });
  });
});
