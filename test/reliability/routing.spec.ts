import { setTimeout as delay } from 'node:timers/promises';
import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type SentRequest, startLoad } from '../support/prediction-load.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';

const WITHIN_MS = 1_000;
/** Answers in a row that show a change, before we believe that it stays. */
const STEADY = 5;
const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
/** So many that half of them are hardly ever none. */
const ROWS = Array.from({ length: 30 }, () => ROW);
const MODEL = 'temperature';

/** A mutation by its field and the type of its input. */
const mutationOf = (field: string, type: string) =>
  `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`;
const PROMOTE = mutationOf('promoteVersion', 'VersionDecisionInput');

interface Answer {
  readonly status: number;
  readonly body: any;
}

let database: TestDatabase;
let proxy: TcpProxy;
let api: Boucle;
let predictors: Boucle[];
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startProxy(database.url);
  api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } });
  ({ token } = await signUp(api, database, 'ENGINEER', true));
  await registerCandidate();
  await api.ask(PROMOTE, { input: { model: MODEL, version: 1, reason: 'the first' } }, token);
  const place = { role: 'predictor', databaseUrl: database.url, home: api.home };
  const start = () => startBoucle({ ...place, env: { DATABASE_DIRECT_URL: proxy.url } });
  predictors = await Promise.all([start(), start()]);
});

afterAll(async () => {
  // Their queue still waits for lost packets, which a stop would do as well.
  await Promise.all(predictors.map((predictor) => predictor.kill()));
  await api.stop();
  await proxy.cut();
  await database.drop();
});

const registerCandidate = () =>
  registerVersion(database, api.home, { model: MODEL, signature: TEMPERATURE, stage: 'CANDIDATE' });

/** The connections over which processes hear of changes. */
const LISTENERS = `FROM pg_stat_activity WHERE application_name = 'boucle-changes' AND datname = current_database()`;

async function listening(): Promise<void> {
  const everyone = predictors.length + 1;
  for (let attempt = 0; attempt < 200; attempt++) {
    const [found] = await database.query<{ n: number }>(`SELECT count(*)::int AS n ${LISTENERS}`);
    if (found!.n === everyone) return;
    await delay(50);
  }
  throw new Error('a process does not listen');
}

async function ask(predictor: Boucle, path: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ rows: ROWS });
  const response = await predictor.fetch(`/v1/models/${MODEL}/${path}`, { method: 'POST', headers, body, token });
  return { status: response.status, body: await response.json() };
}

/** Milliseconds from now on until the last request was sent that a predictor answers as before. */
async function lastAsBefore(predictor: Boucle, path: string, isNew: (answer: Answer) => boolean): Promise<number> {
  const began = performance.now();
  let last = 0;
  for (let steady = 0; steady < STEADY;) {
    const sent = performance.now() - began;
    const answer = await ask(predictor, path);
    if (isNew(answer)) steady++;
    else [steady, last] = [0, sent];
    if (last > 5 * WITHIN_MS) throw new Error(`nothing has changed: ${JSON.stringify(answer.body).slice(0, 300)}`);
    await delay(5);
  }
  return last;
}

interface Change {
  readonly mutation: string;
  readonly input: object;
  readonly path: string;
  readonly isNew: (answer: Answer) => boolean;
}

const champion = (version: number) => (answer: Answer) => answer.body.model?.version === version;
const shares = (answer: Answer) => answer.body.predictions?.some((row: any) => row.version !== undefined) === true;

/** All that people do to what serves, with a version that has served by no name yet. */
function changesWith(version: number): Record<string, Change> {
  const decision = { model: MODEL, reason: 'a test' };
  const path = 'predict';
  return {
    promotion: { mutation: PROMOTE, input: { ...decision, version }, path, isNew: champion(version) },
    rollback: { mutation: mutationOf('rollback', 'RollbackInput'), input: decision, path, isNew: champion(1) },
    'start of a canary': {
      mutation: mutationOf('startChallenge', 'StartChallengeInput'),
      input: { ...decision, version, kind: 'CANARY', share: 0.5 },
      ...{ path, isNew: shares },
    },
    'end of a canary': {
      mutation: mutationOf('endChallenge', 'RollbackInput'),
      ...{ input: decision, path, isNew: (answer) => !shares(answer) },
    },
    rejection: {
      mutation: mutationOf('rejectVersion', 'VersionDecisionInput'),
      input: { ...decision, version },
      ...{ path: `versions/${version}/predict`, isNew: ({ status }) => status === 409 },
    },
  };
}

describe('a change of what serves, under load', () => {
  const disturbances: [string, () => unknown][] = [
    ['', () => undefined],
    ['while the listening connections end', () => database.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`)],
    [
      'while all packets to the listening connections are lost',
      () => {
        proxy.swallow();
      },
    ],
  ];

  it.each(disturbances)('is seen by every predictor within a second and fails no request %s', async (_, disturb) => {
    await listening();
    const { number } = await registerCandidate();
    const options = { model: MODEL, token, rows: [ROW], clients: 2, keyed: false };
    const loads = predictors.map((predictor) => startLoad(() => predictor, options));
    const took: Record<string, number> = {};
    const sent: SentRequest[] = [];
    try {
      for (const [name, { mutation, input, path, isNew }] of Object.entries(changesWith(number))) {
        await Promise.all(predictors.map((predictor) => ask(predictor, path))); // Now each has the route in memory.
        await disturb();
        await api.ask(mutation, { input }, token);
        const last = await Promise.all(predictors.map((predictor) => lastAsBefore(predictor, path, isNew)));
        took[name] = Math.round(Math.max(...last));
      }
    } finally {
      proxy.forward();
      sent.push(...(await Promise.all(loads.map((load) => load.stop()))).flat());
    }
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([200]));
    expect(Object.entries(took).filter(([, milliseconds]) => milliseconds >= WITHIN_MS)).toEqual([]);
    process.stdout.write(`seen after at most, in ms: ${JSON.stringify(took)}, beside ${sent.length} requests\n`);
  });
});

it('forgets a deleted model as soon', async () => {
  expect((await ask(predictors[0]!, 'predict')).status).toBe(200);
  await api.ask('mutation ($name: String!) { deleteModel(name: $name) }', { name: MODEL }, token);
  const gone = ({ status }: Answer) => status === 404;
  const last = await Promise.all(predictors.map((predictor) => lastAsBefore(predictor, 'predict', gone)));
  expect(Math.max(...last)).toBeLessThan(WITHIN_MS);
});
