import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { CUSTOMERS_CSV, type ForeignModel, foreignModel, onnxOf } from '../support/foreign-models.js';
import { eatsMemory, hangs, overflowsTheStack } from '../support/hostile-models.js';

const MAX_BYTES = 8_000_000;
const REGISTER = `mutation ($input: RegisterModelVersionInput!) { registerModelVersion(input: $input) { id state } }`;
const REGISTRATION = `query ($id: ID!) { versionRegistration(id: $id) {
  state message failure file datasetVersionId classes
  version { version stage algorithm evaluator runId signature passedFloors datasetVersionId warnings { message } summary
    registration { id } run { id } metrics { name holdout baseline }
    importance { metric rows features { feature increase gain } } }
} }`;

describe('models that were trained elsewhere', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let engineer: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: {
        REGISTRATION: 'open',
        ONNX_MAX_BYTES: String(MAX_BYTES),
        ONNX_TIMEOUT_SECONDS: '60',
        SHUTDOWN_TIMEOUT_SECONDS: '1',
      },
    });
    engineer = await signUp(boucle, database, 'ENGINEER', true);
    await ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', {
      input: { name: 'customers', source: { kind: 'UPLOAD', format: 'CSV' } },
    });
    const { body } = await post('/v1/datasets/customers/upload', readFileSync(CUSTOMERS_CSV));
    await until('query ($id: ID!) { datasetVersion(id: $id) { state } }', { id: body.id }, (data) =>
      ['READY', 'FAILED'].includes(data.datasetVersion.state),
    );
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, engineer.token);

  async function post(path: string, content: Uint8Array): Promise<{ status: number; body: any }> {
    const response = await boucle.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(content),
      token: engineer.token,
    });
    return { status: response.status, body: await response.json() };
  }

  async function until(query: string, variables: object, isDone: (data: any) => boolean): Promise<any> {
    for (;;) {
      const data = await ask(query, variables);
      if (isDone(data)) return data;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function createModel(name: string, { task, target, features }: Omit<ForeignModel, 'name'>): Promise<void> {
    await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
      input: { name, dataset: 'customers', task, target, features },
    });
  }

  async function register(model: string, onnx: Uint8Array, input: object = {}): Promise<string> {
    const { status, body } = await post(`/v1/model-uploads/${model}`, onnx);
    expect(status).toBe(201);
    expect(body).toEqual({ file: createHash('sha256').update(onnx).digest('hex'), bytes: onnx.length });
    const { registerModelVersion } = await ask(REGISTER, { input: { model, file: body.file, ...input } });
    expect(registerModelVersion.state).toBe('QUEUED');
    return registerModelVersion.id;
  }

  async function ended(id: string): Promise<any> {
    const { versionRegistration } = await until(REGISTRATION, { id }, (data) =>
      ['REGISTERED', 'REFUSED', 'FAILED'].includes(data.versionRegistration.state),
    );
    return versionRegistration;
  }

  async function predict(path: string, body: object): Promise<any> {
    const response = await boucle.fetch(`/v1/models/${path}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      token: engineer.token,
    });
    expect(response.status).toBe(200);
    return response.json();
  }

  const served: [string, 'COMPILED' | 'ONNX_RUNTIME'][] = [
    ['sklearn-logistic', 'COMPILED'],
    ['sklearn-boosting-regressor', 'COMPILED'],
    ['lightgbm-classifier', 'COMPILED'],
    ['xgboost-classifier', 'COMPILED'],
    ['neural-network', 'ONNX_RUNTIME'],
  ];

  it('are registered, and answer as the library that trained them', async () => {
    const registrations = new Map<string, string>();
    for (const [name] of served) {
      const model = foreignModel(name);
      await createModel(name, model);
      // XGBoost and the network know their classes by number only.
      const input = /^(xgboost-c|neural)/.test(name) ? { classes: model.classes } : {};
      registrations.set(name, await register(name, onnxOf(name), input));
    }
    for (const [name, evaluator] of served) {
      const { state, failure, version } = await ended(registrations.get(name)!);
      expect([name, state, failure]).toEqual([name, 'REGISTERED', null]);
      expect(version).toMatchObject({ version: 1, stage: 'CANDIDATE', algorithm: 'FOREIGN', evaluator, runId: null });
      expect(version).toMatchObject({ run: null, registration: { id: registrations.get(name) }, passedFloors: true });
      const model = foreignModel(name);
      expect(version.importance.features.map(({ feature }: any) => feature).sort()).toEqual([...model.features].sort());
      expect(version.importance.features[0].increase).toBeGreaterThan(0.01);
      const { predictions } = await predict(`${name}/versions/1`, { rows: model.rows });
      const { classes } = version.signature;
      const scores = predictions.map(({ value, probabilities }: any) =>
        classes ? classes.map((label: string) => probabilities[label]) : [value],
      );
      expectClose(scores, model.expected);
    }
  }, 180_000);

  it('explain their predictions if they are made of trees or linear, and say why where they are not', async () => {
    for (const name of ['sklearn-logistic', 'lightgbm-classifier', 'sklearn-boosting-regressor']) {
      const { rows } = foreignModel(name);
      const { predictions } = await predict(`${name}/versions/1`, { rows: rows.slice(0, 2), explain: true });
      for (const { base, output, contributions } of predictions.flatMap(({ explanation }: any) => explanation.scores)) {
        const sum = Object.values<number>(contributions).reduce((total, part) => total + part, Number(base));
        expect(Math.abs(sum - output)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(output)));
      }
    }
    const { rows } = foreignModel('neural-network');
    const response = await boucle.fetch('/v1/models/neural-network/versions/1/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: rows.slice(0, 1), explain: true }),
      token: engineer.token,
    });
    expect(response.status).toBe(409);
    expect(await response.text()).toMatch(/cannot be explained.*only ONNX Runtime knows/);
  });

  it('say that nobody knows what they were trained on', async () => {
    const { modelVersion } = await ask(
      `{ modelVersion(model: "sklearn-logistic", version: 1) { warnings { message } summary hyperparameters metrics { name holdout baseline } } }`,
    );
    expect(modelVersion.warnings.map(({ message }: any) => message).join()).toMatch(
      /not trained here.*dataset version 1.*too good/,
    );
    expect(modelVersion.summary).toMatchObject({
      kind: 'FOREIGN',
      operators: expect.arrayContaining(['LinearClassifier']),
    });
    const { holdout, baseline } = modelVersion.metrics.find(({ name }: any) => name === 'logLoss');
    expect(holdout).toBeLessThan(baseline);
  });

  it('can be promoted, served, found by what they are, and beaten by the gate', async () => {
    await ask('mutation ($input: VersionDecisionInput!) { promoteVersion(input: $input) { stage } }', {
      input: { model: 'sklearn-boosting-regressor', version: 1, reason: 'as good as the old system' },
    });
    const { model } = await predict('sklearn-boosting-regressor', {
      rows: foreignModel('sklearn-boosting-regressor').rows.slice(0, 1),
    });
    expect(model).toEqual({ name: 'sklearn-boosting-regressor', version: 1, algorithm: 'FOREIGN' });
    const lead = await predict('xgboost-classifier', {
      algorithm: 'FOREIGN',
      rows: foreignModel('xgboost-classifier').rows.slice(0, 1),
    });
    expect(lead.model.version).toBe(1);
    // The same file again is another version, and no better than itself.
    const onnx = onnxOf('sklearn-boosting-regressor');
    const { version } = await ended(
      await register('sklearn-boosting-regressor', onnx, { enterGate: true, datasetVersion: 1 }),
    );
    expect(version.version).toBe(2);
    const { promotions } = await until(
      '{ promotions(model: "sklearn-boosting-regressor") { nodes { action version reason } } }',
      {},
      (data) => data.promotions.nodes.length === 2,
    );
    expect(promotions.nodes[0]).toMatchObject({ action: 'DECLINED', version: 2 });
    const audit = await database.query(`SELECT action FROM audit_event WHERE action LIKE 'model_%'`);
    expect(audit.map(({ action }: any) => action)).toEqual(
      expect.arrayContaining(['model_file.uploaded', 'model_version.requested']),
    );
  });

  it('are refused with the reason where they cannot serve, and the server goes on', async () => {
    await createModel('hostile', { ...foreignModel('sklearn-forest-regressor'), features: ['age', 'visits'] });
    await createModel('zipped', foreignModel('sklearn-zipmap'));
    const refused: [string, Uint8Array, RegExp][] = [
      ['zipped', onnxOf('sklearn-zipmap'), /ZipMap.*zipmap=False/],
      ['hostile', overflowsTheStack(40_000), /die \(SIGSEGV\)/],
      ['hostile', eatsMemory(6 * 2 ** 30), /more memory than it may have/],
    ];
    const ids: string[] = [];
    for (const [model, onnx] of refused) ids.push(await register(model, onnx));
    for (const [index, [, , reason]] of refused.entries()) {
      const registration = await ended(ids[index]!);
      expect(registration).toMatchObject({ state: 'REFUSED', version: null });
      expect(registration.failure).toMatch(reason);
    }
    expect(boucle.child.exitCode).toBeNull();
    const { versionRegistrations } = await ask(
      '{ versionRegistrations(model: "hostile") { nodes { state failure } } }',
    );
    expect(versionRegistrations.nodes).toHaveLength(2);
  }, 120_000);

  it('can be refused at once: too large, empty, not there, or with what cannot be', async () => {
    const large = await post('/v1/model-uploads/hostile', new Uint8Array(MAX_BYTES + 1));
    expect(large).toMatchObject({ status: 413, body: { error: { code: 'LIMIT_EXCEEDED' } } });
    expect(large.body.error.message).toMatch(/more than 8000000 bytes.*ONNX_MAX_BYTES/);
    expect(await post('/v1/model-uploads/hostile', new Uint8Array(0))).toMatchObject({ status: 400 });
    expect(await post('/v1/model-uploads/nothing', onnxOf('sklearn-linear'))).toMatchObject({ status: 404 });
    const attempt = async (input: object): Promise<string> =>
      (await boucle.graphql(REGISTER, { input: { model: 'hostile', file: '0'.repeat(64), ...input } }, engineer.token))
        .errors![0]!.message;
    expect(await attempt({})).toMatch(/no uploaded file 0{64}. Send it to POST \/v1\/model-uploads\/hostile/);
    expect(await attempt({ file: 'x' })).toMatch(/SHA-256/);
    expect(await attempt({ datasetVersion: 9 })).toMatch(/no version 9/);
    expect(await attempt({ classes: ['a', 'b'] })).toMatch(/predicts numbers/);
  });

  it('hold nothing up: the server answers while one hangs, and a stop ends it', async () => {
    const id = await register('hostile', hangs());
    await until(REGISTRATION, { id }, (data) => data.versionRegistration.state === 'CHECKING');
    const model = foreignModel('xgboost-classifier');
    const { predictions } = await predict(`${model.name}/versions/1`, { rows: model.rows });
    expect(predictions).toHaveLength(model.rows.length);
    const { errors } = await boucle.graphql('mutation { deleteModel(name: "hostile") }', {}, engineer.token);
    expect(errors![0]!.message).toMatch(/being registered/);
  });
});

function expectClose(scores: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expect(scores.length).toBe(expected.length);
  scores.forEach((row, i) => {
    expect(row.length).toBe(expected[i]!.length);
    row.forEach((score, k) => {
      const value = expected[i]![k]!;
      expect(Math.abs(score - value) / Math.max(1, Math.abs(value))).toBeLessThan(1e-5);
    });
  });
}
