import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { beginRetraining } from '../support/retraining.js';
import { registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';
import { openSubscriber, type Subscriber } from '../support/subscriptions.js';
import { registerData, WEATHER_FEATURES, weatherSql } from '../support/training-data.js';
import { temperatureReference, weatherRows } from '../support/watched-model.js';

const STAGES = 'subscription ($model: String) { stageChanged(model: $model) { model version action reason } }';
const RUN =
  'subscription ($id: ID!) { trainingRunChanged(id: $id) { state progress message log version { version } } }';
const REPORTS = `subscription ($model: String) {
  driftReported(model: $model) { id verdict rows model { name } version { version } summary pageUrl }
}`;
const RETRAININGS = `subscription ($model: String) {
  retrainingChanged(model: $model) { id state message model { name } decision { verdict } runs { id } }
}`;
/** Recent callers are remembered for 5 s, and every connection is looked at every 5 s. */
const REVOCATION_SECONDS = 11;

let database: TestDatabase;
let first: Boucle;
let second: Boucle;
let promoter: Account;
const helpers: Boucle[] = [];
const subscribers: Subscriber[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const options = { databaseUrl: database.url, role: 'api', env: { REGISTRATION: 'open' } };
  first = await startBoucle(options);
  second = await startBoucle({ ...options, home: first.home });
  promoter = await signUp(first, database, 'ENGINEER', true);
});

afterAll(async () => {
  for (const subscriber of subscribers) subscriber.close();
  for (const helper of helpers) await helper.stop();
  await second.stop();
  await first.stop();
  await database.drop();
});

/** Another process, of a role that serves no API. */
async function start(role: string): Promise<void> {
  helpers.push(await startBoucle({ databaseUrl: database.url, role, home: first.home }));
}

async function open(boucle: Boucle, payload?: Record<string, string>): Promise<Subscriber> {
  const subscriber = await openSubscriber(boucle, payload);
  subscribers.push(subscriber);
  return subscriber;
}

const openAs = async (account: Account, boucle = first): Promise<Subscriber> =>
  open(boucle, { Authorization: `Bearer ${account.token}` });

async function withModel(model: string): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await registerVersion(database, first.home, { model, signature: WEATHER, stage: 'CANDIDATE' });
  }
}

async function promote(boucle: Boucle, model: string, version: number): Promise<void> {
  const input = { model, version, reason: `${model} ${version}` };
  const mutation = 'mutation ($input: VersionDecisionInput!) { promoteVersion(input: $input) { version } }';
  await boucle.ask(mutation, { input }, promoter.token);
}

/** Cuts the connections over which replicas hear of changes. */
async function disconnectListeners(): Promise<void> {
  await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'boucle-changes' AND datname = current_database()`);
}

/** Started, but not necessarily listening yet: the first change that arrives proves it. */
async function ready(): Promise<void> {
  await delay(300);
}

describe('changes of stages', () => {
  it('reach subscribers of every replica, and only those of that model', async () => {
    await withModel('north');
    await withModel('south');
    const [here, there] = [await openAs(promoter, first), await openAs(promoter, second)];
    const north = [here, there].map((subscriber) => subscriber.subscribe(STAGES, { model: 'north' }));
    const all = there.subscribe(STAGES);
    await ready();
    await promote(first, 'north', 1);
    await promote(second, 'south', 1);
    await promote(second, 'north', 2);
    await there.until(() => there.dataOf(all).length === 3 && there.dataOf(north[1]!).length === 2);
    await here.until(() => here.dataOf(north[0]!).length === 2);
    const reasons = (data: any[]): string[] => data.map(({ stageChanged }) => stageChanged.reason);
    expect(reasons(there.dataOf(all))).toEqual(['north 1', 'south 1', 'north 2']);
    expect(reasons(there.dataOf(north[1]!))).toEqual(['north 1', 'north 2']);
    expect(here.dataOf(north[0]!)[1]).toEqual({
      stageChanged: { model: 'north', version: 2, action: 'PROMOTED', reason: 'north 2' },
    });
  });

  it('end with `complete`', async () => {
    await withModel('completed');
    const subscriber = await openAs(promoter);
    const ended = subscriber.subscribe(STAGES, { model: 'completed' });
    const kept = subscriber.subscribe(STAGES, { model: 'completed' });
    await ready();
    subscriber.complete(ended);
    await ready();
    await promote(second, 'completed', 1);
    await subscriber.until(() => subscriber.dataOf(kept).length === 1);
    expect(subscriber.dataOf(ended)).toEqual([]);
  });

  it('that happened while the connection to the database was lost are told afterwards', async () => {
    await withModel('missed');
    const subscriber = await openAs(promoter);
    const id = subscriber.subscribe(STAGES, { model: 'missed' });
    await ready();
    await promote(second, 'missed', 1);
    await subscriber.until(() => subscriber.dataOf(id).length === 1);
    await disconnectListeners();
    await promote(second, 'missed', 2);
    await subscriber.until(() => subscriber.dataOf(id).length === 2);
    expect(subscriber.dataOf(id).map(({ stageChanged }) => stageChanged.version)).toEqual([1, 2]);
  });
});

describe('a training run', () => {
  it('is told from its start to its end, with progress, over another replica than the one that started it', async () => {
    await start('worker');
    await registerData(database, first.home, 'weather', weatherSql(4000));
    const model = { task: 'CLASSIFICATION', dataset: 'weather', target: 'weather', features: WEATHER_FEATURES };
    await first.ask(
      'mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }',
      { input: { name: 'kinds', ...model } },
      promoter.token,
    );
    const input = { model: 'kinds', algorithms: ['RANDOM_FOREST'], hyperparameters: { trees: 1500 } };
    const { startTraining } = await first.ask(
      'mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }',
      { input },
      promoter.token,
    );
    const subscriber = await openAs(promoter, second);
    const id = subscriber.subscribe(RUN, { id: startTraining[0].id });
    const isComplete = (): boolean => subscriber.received.some((m) => m.id === id && m.type === 'complete');
    await subscriber.until(isComplete, 40);
    const runs = subscriber.dataOf(id).map(({ trainingRunChanged }) => trainingRunChanged);
    expect(runs[0].state).toMatch(/QUEUED|RUNNING/);
    expect(runs.filter(({ message }) => /^tree \d/.test(message)).length).toBeGreaterThan(1);
    expect(runs.at(-1)).toMatchObject({ state: 'SUCCEEDED', progress: 1, version: { version: 1 } });
    expect(runs.at(-1).log.length).toBeGreaterThan(0);
    const again = subscriber.subscribe(RUN, { id: startTraining[0].id });
    await subscriber.until(() => subscriber.received.some((m) => m.id === again && m.type === 'complete'));
    expect(subscriber.dataOf(again)).toHaveLength(1);
  }, 90_000);

  it('that does not exist is refused in words', async () => {
    const subscriber = await openAs(promoter);
    const id = subscriber.subscribe(RUN, { id: '01890000-0000-7000-8000-000000000000' });
    await subscriber.until(() => subscriber.received.some((message) => message.id === id));
    expect(subscriber.received.at(-1)).toMatchObject({
      type: 'error',
      payload: [{ message: expect.stringContaining('no training run'), extensions: { code: 'NOT_FOUND' } }],
    });
  });
});

describe('what watching brings', () => {
  beforeAll(async () => {
    const reference = temperatureReference(weatherRows(2_000, 1));
    for (const model of ['indoors', 'outdoors']) {
      await registerVersion(database, first.home, { model, signature: TEMPERATURE, reference });
    }
  });

  it('reaches subscribers of every replica: changes of retrainings, also while the database was away', async () => {
    const [here, there] = [await openAs(promoter, first), await openAs(promoter, second)];
    const ofOne = here.subscribe(RETRAININGS, { model: 'outdoors' });
    const [ofOther, ofAll] = [there.subscribe(RETRAININGS, { model: 'indoors' }), there.subscribe(RETRAININGS)];
    await ready();
    const cancelOne = async (): Promise<string> => {
      const id = await beginRetraining(database, { model: 'outdoors' });
      await second.ask('mutation ($id: ID!) { cancelRetraining(id: $id) { id } }', { id }, promoter.token);
      return id;
    };
    const told = async (id: string): Promise<void> => {
      for (const [subscriber, subscription] of [
        [here, ofOne],
        [there, ofAll],
      ] as const) {
        const newest = (): any => subscriber.dataOf(subscription).at(-1)?.retrainingChanged;
        await subscriber.until(() => newest()?.id === id);
        expect(newest()).toEqual({
          id,
          state: 'CANCELLED',
          message: 'Cancelled before its trainings began.',
          model: { name: 'outdoors' },
          decision: { verdict: 'RETRAIN' },
          runs: [],
        });
      }
    };
    await told(await cancelOne());
    await disconnectListeners();
    await told(await cancelOne());
    expect(there.dataOf(ofOther)).toEqual([]);
  });

  it('reaches subscribers of every replica: reports of checks', async () => {
    await start('scheduler');
    const [here, there] = [await openAs(promoter, first), await openAs(promoter, second)];
    const [ofOne, ofAll] = [here.subscribe(REPORTS, { model: 'indoors' }), there.subscribe(REPORTS)];
    await ready();
    for (const model of ['outdoors', 'indoors']) {
      const input = { model, cron: '*/10 * * * * *', windowSeconds: 10 };
      const mutation = 'mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) { id } }';
      await first.ask(mutation, { input }, promoter.token);
    }
    await there.until(() => namesOf(there, ofAll).size === 2, 30);
    await here.until(() => here.dataOf(ofOne).length > 0);
    expect(namesOf(here, ofOne)).toEqual(new Set(['indoors']));
    const { driftReported: report } = here.dataOf(ofOne)[0];
    expect(report).toMatchObject({ verdict: 'TOO_FEW_ROWS', rows: 0, version: { version: 1 } });
    const page = await fetch(report.pageUrl);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(report.summary);
  });

  const namesOf = (subscriber: Subscriber, id: string): Set<string> =>
    new Set(subscriber.dataOf(id).map(({ driftReported }) => driftReported.model.name));

  it('of a model that does not exist is refused in words', async () => {
    const subscriber = await openAs(promoter);
    for (const query of [REPORTS, RETRAININGS]) {
      const id = subscriber.subscribe(query, { model: 'nowhere' });
      await subscriber.until(() => subscriber.received.some((message) => message.id === id));
      expect(subscriber.received.at(-1)).toMatchObject({
        type: 'error',
        payload: [{ message: expect.stringContaining('nowhere'), extensions: { code: 'NOT_FOUND' } }],
      });
    }
  });
});

describe('a connection', () => {
  it('without a good credential is closed before anything is subscribed', async () => {
    const bad: (Record<string, string> | undefined)[] = [
      undefined,
      {},
      { authorization: 'Bearer nonsense' },
      { 'x-api-key': 'boucle_unknown_key' },
    ];
    for (const payload of bad) {
      const subscriber = await open(first, payload);
      await subscriber.until(() => subscriber.closed() !== undefined);
      expect(subscriber.closed()).toEqual({ code: 4401, reason: 'Unauthorized' });
      expect(subscriber.received).toEqual([]);
    }
  });

  it('ends when the session does, when an API key is revoked, when the role changes, and when the token expires', async () => {
    const leaver = await signUp(first, database, 'VIEWER');
    const owner = await signUp(first, database, 'VIEWER');
    const demoted = await signUp(first, database, 'ENGINEER');
    const { createApiKey } = await first.ask(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }',
      { input: { name: 'watcher' } },
      owner.token,
    );
    const stays = await openAs(promoter, second);
    const byKey = await open(second, { 'X-API-Key': createApiKey.secret });
    const bySession = await openAs(leaver, second);
    const byRole = await openAs(demoted, second);
    const byToken = await open(second, { authorization: `Bearer ${expiringToken(promoter.token, 3)}` });
    const all = [byKey, bySession, byRole, byToken];
    for (const subscriber of [stays, ...all]) subscriber.subscribe(STAGES);
    await ready();
    expect(all.map((subscriber) => subscriber.closed())).toEqual(all.map(() => undefined));
    await first.ask('mutation { logout }', {}, leaver.token);
    await first.ask('mutation ($id: ID!) { revokeApiKey(id: $id) }', { id: createApiKey.apiKey.id }, owner.token);
    await database.query(`UPDATE app_user SET role = 'VIEWER' WHERE id = $1`, [demoted.userId]);
    for (const subscriber of all) {
      await subscriber.until(() => subscriber.closed() !== undefined, REVOCATION_SECONDS);
      expect(subscriber.closed()!.code).toBe(4401);
    }
    expect(stays.closed()).toBeUndefined();
  }, 60_000);

  it('has at most 50 subscriptions at a time', async () => {
    const subscriber = await openAs(promoter);
    const ids = Array.from({ length: 51 }, () => subscriber.subscribe(STAGES));
    await subscriber.until(() => subscriber.received.some(({ type }) => type === 'error'));
    const [error] = subscriber.received.filter(({ type }) => type === 'error');
    expect(error).toMatchObject({ payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] });
    subscriber.complete(ids.find((id) => id !== error!.id)!);
    await ready();
    const next = subscriber.subscribe(STAGES);
    await ready();
    expect(subscriber.received.some(({ id }) => id === next)).toBe(false);
  });

  it('is closed by a shutdown, which it does not hold up', async () => {
    const third = await startBoucle({ databaseUrl: database.url, role: 'api', home: first.home });
    const subscriber = await openAs(promoter, third);
    subscriber.subscribe(STAGES);
    await ready();
    const start = Date.now();
    expect(await third.stop()).toBe(0);
    expect(Date.now() - start).toBeLessThan(5000);
    expect(subscriber.closed()!.code).toBe(1001);
  });
});

it('a subscription over HTTP is refused and told where to go', async () => {
  const { errors, data } = await first.graphql('subscription { stageChanged { version } }', {}, promoter.token);
  expect(data ?? null).toBeNull();
  expect(errors![0]).toMatchObject({ message: expect.stringMatching(/WebSocket/), extensions: { code: 'BAD_INPUT' } });
});

/** The same token, issued so long ago that it ends in some seconds. */
function expiringToken(token: string, seconds: number): string {
  const key = Buffer.from(hkdfSync('sha256', TEST_SECRET, '', 'boucle access token', 32));
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  expect(header!['kid']).toBe(createHash('sha256').update(key).digest('base64url').slice(0, 16));
  const exp = Math.floor(Date.now() / 1000) + seconds;
  const parts = [header, { ...claims, exp, iat: exp - 900 }];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
