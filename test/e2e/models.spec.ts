import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, WEATHER } from '../support/served-model.js';
import { registerData, weatherSql } from '../support/training-data.js';

const PROMOTE = `mutation ($input: VersionDecisionInput!) { promoteVersion(input: $input) { version stage } }`;
const REJECT = `mutation ($input: VersionDecisionInput!) { rejectVersion(input: $input) { version stage } }`;
const ROLLBACK = `mutation ($input: RollbackInput!) { rollback(input: $input) { version stage } }`;

let database: TestDatabase;
let boucle: Boucle;
let viewer: Account;
let engineer: Account;
let promoter: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
  viewer = await signUp(boucle, database, 'VIEWER');
  engineer = await signUp(boucle, database, 'ENGINEER');
  promoter = await signUp(boucle, database, 'ENGINEER', true);
});

afterAll(async () => {
  await boucle.stop();
  await database.drop();
});

const ask = (query: string, variables?: object, as = promoter): Promise<any> => boucle.ask(query, variables, as.token);

async function refusal(query: string, variables: object, as = promoter): Promise<{ code: string; message: string }> {
  const { errors } = await boucle.graphql(query, variables, as.token);
  return { code: errors?.[0]?.extensions['code'], message: errors?.[0]?.message ?? 'accepted' };
}

async function withVersions(model: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await registerVersion(database, boucle.home, { model, signature: WEATHER, stage: 'CANDIDATE' });
  }
}

const input = (model: string, version?: number) => ({ input: { model, version, reason: 'because of the test' } });
const promote = (model: string, version: number): Promise<any> => ask(PROMOTE, input(model, version));
const stages = (model: string): Promise<{ number: number; stage: string }[]> =>
  database.query(
    `SELECT number, stage FROM model_version v JOIN model m ON m.id = v.model_id WHERE m.name = $1 ORDER BY number`,
    [model],
  );

describe('promotions', () => {
  it('go through the ledger, which knows who served when', async () => {
    await withVersions('ledger', 3);
    const times: Date[] = [new Date()];
    for (const version of [1, 2, 3]) {
      await delay(15);
      expect((await promote('ledger', version)).promoteVersion).toEqual({ version, stage: 'CHAMPION' });
      await delay(15);
      times.push(new Date());
    }
    const served = async (at: Date): Promise<number | undefined> =>
      (await ask(`query ($at: DateTime!) { servedAt(model: "ledger", at: $at) { version } }`, { at })).servedAt
        ?.version;
    expect(await Promise.all(times.map(served))).toEqual([undefined, 1, 2, 3]);
    const { promotions } = await ask(
      `{ promotions(model: "ledger", first: 2) { nodes { version previousChampion actorId action reason } pageInfo { hasNextPage } } }`,
    );
    expect(promotions.nodes).toEqual([
      { version: 3, previousChampion: 2, actorId: promoter.userId, action: 'PROMOTED', reason: 'because of the test' },
      { version: 2, previousChampion: 1, actorId: promoter.userId, action: 'PROMOTED', reason: 'because of the test' },
    ]);
    expect(promotions.pageInfo.hasNextPage).toBe(true);
  });

  it('are taken back by one call, champion by champion', async () => {
    await withVersions('back', 3);
    for (const version of [1, 2, 3]) await promote('back', version);
    await ask(REJECT, input('back', 2));
    expect((await ask(ROLLBACK, input('back'))).rollback).toEqual({ version: 1, stage: 'CHAMPION' });
    expect(await stages('back')).toEqual([
      { number: 1, stage: 'CHAMPION' },
      { number: 2, stage: 'REJECTED' },
      { number: 3, stage: 'RETIRED' },
    ]);
    const again = await refusal(ROLLBACK, input('back'));
    expect(again).toMatchObject({ code: 'INVALID_STATE', message: expect.stringMatching(/no earlier champion/) });
  });

  it('refuse what the stages forbid, and say why', async () => {
    await withVersions('stages', 2);
    await promote('stages', 1);
    await ask(REJECT, input('stages', 2));
    expect((await refusal(PROMOTE, input('stages', 1))).message).toMatch(/it is the champion already/);
    expect((await refusal(PROMOTE, input('stages', 2))).message).toMatch(/it was rejected; train a new version/);
    expect((await refusal(REJECT, input('stages', 1))).message).toMatch(/roll back or promote another version first/);
    expect((await refusal(PROMOTE, input('stages', 9))).code).toBe('NOT_FOUND');
    expect((await refusal(PROMOTE, { input: { model: 'stages', version: 1, reason: ' ' } })).message).toMatch(/reason/);
  });

  it('leave exactly one champion when many come at once', async () => {
    await withVersions('crowd', 8);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((version) => promote('crowd', version)));
    expect(answers).toHaveLength(8);
    const champions = (await stages('crowd')).filter(({ stage }) => stage === 'CHAMPION');
    expect(champions).toHaveLength(1);
    const [last] = await database.query<{ version_number: number }>(
      `SELECT version_number FROM promotion WHERE model_name = 'crowd' ORDER BY created_at DESC LIMIT 1`,
    );
    expect(champions[0]!.number).toBe(last!.version_number);
    const entries = await database.query<{ previous_number: number; version_number: number }>(
      `SELECT version_number, previous_number FROM promotion WHERE model_name = 'crowd' ORDER BY created_at`,
    );
    entries.forEach(({ previous_number }, i) => {
      expect(previous_number).toBe(entries[i - 1]?.version_number ?? null);
    });
  });

  it('need the right to promote', async () => {
    await withVersions('rights', 1);
    for (const [mutation, variables] of [
      [PROMOTE, input('rights', 1)],
      [REJECT, input('rights', 1)],
      [ROLLBACK, { input: { model: 'rights', reason: 'x' } }],
    ] as const) {
      expect((await refusal(mutation, variables, engineer)).code).toBe('FORBIDDEN');
      expect((await refusal(mutation, variables, viewer)).code).toBe('FORBIDDEN');
    }
    expect(await stages('rights')).toEqual([{ number: 1, stage: 'CANDIDATE' }]);
  });

  it.each(['UPDATE promotion SET reason = $$x$$', 'DELETE FROM promotion', 'TRUNCATE promotion'])(
    'can not be rewritten: %s',
    async (sql) => {
      await expect(database.query(sql)).rejects.toThrow(/append-only/);
    },
  );
});

describe('changes of a model', () => {
  it('are in the audit log', async () => {
    await database.query(`INSERT INTO dataset (id, name) VALUES (gen_random_uuid(), 'audited')`);
    const create = `mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }`;
    const given = { name: 'audited', task: 'REGRESSION', dataset: 'audited', target: 'y', features: ['x'] };
    const { createModel } = await ask(create, { input: given }, engineer);
    await ask(`mutation { updateModel(input: { name: "audited", margin: 0.5, promotionMode: MANUAL }) { margin } }`);
    const events = await database.query(
      `SELECT action, actor_id, details FROM audit_event WHERE subject_id = $1 ORDER BY id`,
      [createModel.id],
    );
    expect(events).toEqual([
      { action: 'model.created', actor_id: engineer.userId, details: { name: 'audited' } },
      {
        action: 'model.updated',
        actor_id: promoter.userId,
        details: {
          backend: null,
          name: 'audited',
          gate: { primaryMetric: 'rmse', margin: 0.5, floors: [] },
          predictionLogMode: null,
          predictionTimeoutSeconds: null,
          promotionMode: 'MANUAL',
          trainingImage: null,
        },
      },
    ]);
  });
});

describe('deleting a model', () => {
  const remove = `mutation ($name: String!) { deleteModel(name: $name) }`;

  it('is refused while a run is active, which also holds its data', async () => {
    await withVersions('busy', 1);
    const { versionId } = await registerData(database, boucle.home, 'held', weatherSql(50));
    await database.query(
      `INSERT INTO training_run (id, group_id, model_id, dataset_version_id, trigger, algorithm, hyperparameters, seed, backend, state)
       SELECT gen_random_uuid(), gen_random_uuid(), id, $1, 'MANUAL', 'RANDOM_FOREST', '{}', 1, 'LOCAL', 'RUNNING'
       FROM model WHERE name = 'busy'`,
      [versionId],
    );
    const answer = await refusal(remove, { name: 'busy' }, engineer);
    expect(answer).toMatchObject({ code: 'INVALID_STATE', message: expect.stringMatching(/1 active training runs/) });
    expect(await refusal('mutation { deleteDatasetVersion(dataset: "held", version: 1) }', {}, engineer)).toEqual({
      code: 'CONFLICT',
      message: 'Version 1 of dataset held is still needed by a model or a training run. Delete that first.',
    });
    await database.query(`UPDATE training_run SET state = 'CANCELLED', finished_at = now() WHERE state = 'RUNNING'`);
    expect((await ask(remove, { name: 'busy' }, engineer)).deleteModel).toBe(true);
    expect((await ask('mutation { deleteDataset(name: "held") }', {}, engineer)).deleteDataset).toBe(true);
  });

  it('with a champion needs the right to promote; without one it does not', async () => {
    await withVersions('guarded', 1);
    await withVersions('unguarded', 1);
    await promote('guarded', 1);
    expect(await refusal(remove, { name: 'guarded' }, engineer)).toEqual({
      code: 'FORBIDDEN',
      message: 'Model guarded has a champion; to delete it needs the right to promote. Ask an administrator for it.',
    });
    expect(await stages('guarded')).toEqual([{ number: 1, stage: 'CHAMPION' }]);
    expect((await ask(remove, { name: 'unguarded' }, engineer)).deleteModel).toBe(true);
  });

  it('removes the artifacts a little later, and none of another model', async () => {
    const left: string[] = [];
    for (const model of ['bulky', 'bystander']) {
      const { modelId } = await registerVersion(database, boucle.home, {
        model,
        signature: WEATHER,
        stage: 'CANDIDATE',
      });
      left.push(join(boucle.home, 'objects', 'models', modelId, 'some.tar.gz'));
      await mkdir(join(boucle.home, 'objects', 'models', modelId));
      await writeFile(left.at(-1)!, 'artifact');
    }
    const exists = (path: string): Promise<boolean> =>
      access(path).then(
        () => true,
        () => false,
      );
    await ask(remove, { name: 'bulky' });
    for (let i = 0; i < 200 && (await exists(left[0]!)); i++) await delay(50);
    expect(await Promise.all(left.map(exists))).toEqual([false, true]);
  });

  it('takes the versions along and leaves the ledger, which knows that nobody serves any more', async () => {
    await withVersions('leaving', 2);
    await promote('leaving', 2);
    const before = new Date();
    expect((await ask(remove, { name: 'leaving' })).deleteModel).toBe(true);
    expect(await stages('leaving')).toEqual([]);
    const { promotions } = await ask(`{ promotions(model: "leaving") { nodes { version action actorId } } }`);
    expect(promotions.nodes).toEqual([
      { version: 2, action: 'DELETED', actorId: promoter.userId },
      { version: 2, action: 'PROMOTED', actorId: promoter.userId },
    ]);
    const served = `query ($at: DateTime!) { servedAt(model: "leaving", at: $at) { version } }`;
    expect((await ask(served, { at: before })).servedAt).toEqual({ version: 2 });
    expect((await ask(served, { at: new Date() })).servedAt).toBeNull();
    expect((await refusal(`query ($n: String!) { model(name: $n) { id } }`, { n: 'leaving' })).code).toBe('NOT_FOUND');
    expect((await refusal(remove, { name: 'leaving' }, viewer)).code).toBe('FORBIDDEN');
  });
});

describe('the backend of a model', () => {
  const CREATE = 'mutation ($input: CreateModelInput!) { createModel(input: $input) { backend } }';
  const UPDATE = 'mutation ($input: UpdateModelInput!) { updateModel(input: $input) { backend } }';
  const model = { name: 'placed', task: 'CLASSIFICATION', dataset: 'places', target: 'weather', features: ['wind'] };

  beforeAll(() => registerData(database, boucle.home, 'places', weatherSql(200)));

  it('is its own choice, until it is left to the installation again', async () => {
    expect((await ask(CREATE, { input: { ...model, backend: 'LOCAL' } })).createModel).toEqual({ backend: 'LOCAL' });
    const kept = await ask(UPDATE, { input: { name: 'placed', promotionMode: 'MANUAL' } });
    expect(kept.updateModel).toEqual({ backend: 'LOCAL' });
    const left = await ask(UPDATE, { input: { name: 'placed', backend: null } });
    expect(left.updateModel).toEqual({ backend: null });
  });

  it('must be one that is set up', async () => {
    const reason = { code: 'INVALID_STATE', message: expect.stringContaining('SageMaker is not set up here') };
    expect(await refusal(CREATE, { input: { ...model, name: 'clouded', backend: 'SAGEMAKER' } })).toEqual(reason);
    expect(await refusal(UPDATE, { input: { name: 'placed', backend: 'SAGEMAKER' } })).toEqual(reason);
  });
});

describe('a limit of costs', () => {
  it('that no retraining could keep is refused when the policy is made', async () => {
    const SET = `mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) {
      costLimit { perRetraining perMonth } } }`;
    const input = { model: 'placed', costLimit: { perMonth: 5 } };
    // Nobody bills what runs here.
    expect((await ask(SET, { input })).setMonitoringPolicy.costLimit).toEqual({ perRetraining: null, perMonth: 5 });
    expect((await refusal(SET, { input: { model: 'placed', costLimit: {} } })).message).toContain('perMonth or both');
  });
});
