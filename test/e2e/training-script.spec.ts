import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { type OwnCloud, startOwnCloud } from '../demo/own-cloud.js';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { CUSTOMERS_CSV, type ForeignModel, foreignModel } from '../support/foreign-models.js';
import { givesNaN } from '../support/hostile-models.js';

const REPOSITORY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/scripts';
const SCRIPT = [process.execPath, resolve('test/fixtures/training-script/train.mjs')];
const MODULES = ['pandas', 'pyarrow', 'sklearn', 'skl2onnx'];
const MAX_BYTES = 1_000_000;
const CREATE = `mutation ($input: CreateModelInput!) { createModel(input: $input) { trainingImage } }`;
const START = `mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id algorithm backend image } }`;
const RUN = `query ($id: ID!) { trainingRun(id: $id) { state failure log maximumCost billedSeconds
  version { version algorithm stage evaluator summary warnings { message } metrics { name holdout baseline }
    importance { features { feature increase gain } } run { image seed hyperparameters } registration { id } } } }`;
const CHAMPION = `query ($name: String!) { model(name: $name) { champion { version algorithm } } }`;

/** The example's own script, where Python has what it needs. */
function exampleScript(): string[] | undefined {
  const pythons = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'python3'));
  const look = `import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, ${JSON.stringify(MODULES)})))`;
  const python = pythons.find((path) => spawnSync(path, ['-c', look]).status === 0);
  return python === undefined ? undefined : [python, resolve('examples/custom-image/train.py')];
}

describe('training scripts in images of their own', () => {
  const example = exampleScript();
  let folder: string;
  let cloud: OwnCloud;
  let database: TestDatabase;
  let boucle: Boucle;
  let engineer: Account;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-scripts-'));
    cloud = await startOwnCloud();
    database = await createTestDatabase();
    boucle = await startBoucle({
      databaseUrl: database.url,
      env: {
        ...cloud.env,
        TRAINING_BACKEND: 'local',
        REGISTRATION: 'open',
        ONNX_MAX_BYTES: String(MAX_BYTES),
        SAGEMAKER_IMAGE_ALLOW_LIST: REPOSITORY,
        SAGEMAKER_POLL_SECONDS: '0.1',
        SAGEMAKER_PRICES: 'ml.m5.xlarge=0.36',
        TRAINING_PARALLEL: '4',
      },
    });
    engineer = await signUp(boucle, database, 'ENGINEER', true);
    await ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', {
      input: { name: 'customers', source: { kind: 'UPLOAD', format: 'CSV' } },
    });
    const response = await boucle.fetch('/v1/datasets/customers/upload', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: readFileSync(CUSTOMERS_CSV),
      token: engineer.token,
    });
    const { id } = (await response.json()) as { id: string };
    await until('query ($id: ID!) { datasetVersion(id: $id) { state } }', { id }, (data) =>
      ['READY', 'FAILED'].includes(data.datasetVersion.state),
    );
  });

  afterAll(async () => {
    await boucle.stop();
    await cloud.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, engineer.token);
  const refusal = async (query: string, variables: object): Promise<string> =>
    (await boucle.graphql(query, variables, engineer.token)).errors![0]!.message;

  async function until(query: string, variables: object, isDone: (data: any) => boolean): Promise<any> {
    for (;;) {
      const data = await ask(query, variables);
      if (isDone(data)) return data;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** A model with a script that is started so. @returns its name. */
  async function modelWith(tag: string, program: readonly string[], of: ForeignModel | string): Promise<string> {
    const { task, target, features } = typeof of === 'string' ? foreignModel(of) : of;
    const trainingImage = `${REPOSITORY}:${tag}`;
    cloud.images.set(trainingImage, program);
    const input = { name: tag, dataset: 'customers', task, target, features, trainingImage };
    expect(await ask(CREATE, { input })).toEqual({ createModel: { trainingImage } });
    return tag;
  }

  async function start(model: string, input: object = {}): Promise<string> {
    const { startTraining: runs } = await ask(START, { input: { model, ...input } });
    expect(runs).toEqual([
      { id: expect.any(String), algorithm: 'FOREIGN', backend: 'SAGEMAKER', image: `${REPOSITORY}:${model}` },
    ]);
    return runs[0].id;
  }

  async function ended(id: string): Promise<any> {
    const { trainingRun } = await until(RUN, { id }, (data) =>
      ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(data.trainingRun.state),
    );
    return trainingRun;
  }

  function jobOf(runId: string) {
    return cloud.jobs.get(`boucle-${runId}-1`)!;
  }

  const fixture = (name: string): string => resolve('test/fixtures/foreign-onnx', `${name}.onnx`);

  /** What a job read and wrote goes a moment after its run has ended. */
  async function leftNothing(): Promise<void> {
    while ([...cloud.keys()].some((key) => /\/training\/(?!divisions)/.test(key)))
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  it('make ordinary candidates: measured by Boucle, with their lineage, and judged by the gate', async () => {
    const program = [...SCRIPT, fixture('sklearn-logistic'), 'model.onnx'];
    const model = await modelWith('logistic', program, 'sklearn-logistic');
    const id = await start(model, { seed: 7, hyperparameters: { depth: 3 } });
    const { state, failure, version, maximumCost, billedSeconds } = await ended(id);
    expect([state, failure]).toEqual(['SUCCEEDED', null]);
    expect(version).toMatchObject({ version: 1, algorithm: 'FOREIGN', evaluator: 'COMPILED', registration: null });
    expect(version.run).toEqual({ image: `${REPOSITORY}:logistic`, seed: 7, hyperparameters: { depth: 3 } });
    expect(JSON.stringify(version.warnings)).not.toContain('not trained here');
    const { holdout, baseline } = version.metrics.find(({ name }: any) => name === 'logLoss');
    expect(holdout).toBeLessThan(baseline);
    const { features } = version.importance;
    expect(features.map(({ feature }: any) => feature).sort()).toEqual(
      [...foreignModel('sklearn-logistic').features].sort(),
    );
    expect(features[0].increase).toBeGreaterThan(0.01);
    expect(maximumCost).toBeGreaterThan(0);
    expect(billedSeconds).toBeGreaterThan(0);
    const { champion } = (await until(CHAMPION, { name: model }, (data) => data.model.champion !== null)).model;
    expect(champion).toEqual({ version: 1, algorithm: 'FOREIGN' });

    const { request, output } = jobOf(id);
    expect(request).toMatchObject({ EnableNetworkIsolation: true, HyperParameters: { depth: '3', seed: '7' } });
    expect(request.Tags).toContainEqual({ Key: 'boucle:image', Value: `${REPOSITORY}:logistic` });
    const uris = request.InputDataConfig!.map(({ DataSource }) => DataSource.S3DataSource.S3Uri);
    expect(uris.every((uri) => uri.includes('/training/divisions/'))).toBe(true);
    expect(output).toContain('"classes":["no","yes"]');
  }, 60_000);

  it('are given a division that is made once', async () => {
    const divisions = (): string[] => [...cloud.keys()].filter((key) => key.includes('/divisions/'));
    const before = divisions();
    expect(before).toHaveLength(3);
    expect(await ended(await start('logistic', { seed: 8 }))).toMatchObject({ state: 'SUCCEEDED' });
    expect(divisions()).toEqual(before);
    await leftNothing();
  }, 60_000);

  it('whose models cannot serve fail, and say what to do', async () => {
    const regression = { ...foreignModel('sklearn-forest-regressor'), features: ['age', 'visits'] };
    const files = { nan: join(folder, 'nan.onnx'), large: join(folder, 'large.onnx') };
    await writeFile(files.nan, givesNaN());
    await writeFile(files.large, new Uint8Array(MAX_BYTES + 1));
    const refused: [string, string[], ForeignModel | string, RegExp][] = [
      ['nothing', [fixture('sklearn-linear'), 'model.pkl'], 'sklearn-linear', /has no model\.onnx.*\/opt\/ml\/model/],
      ['foldered', [fixture('sklearn-linear'), 'deep/model.onnx'], 'sklearn-linear', /directory.*no links or folders/],
      ['large', [files.large, 'model.onnx'], 'sklearn-linear', /1000001 bytes.*ONNX_MAX_BYTES/],
      ['other', [fixture('sklearn-linear'), 'model.onnx'], regression, /inputs .* are no features of the model/],
      ['nan', [files.nan, 'model.onnx'], regression, /cannot serve. It gives NaN for some rows/],
      ['broken', ['no-such-file', 'model.onnx'], 'sklearn-linear', /^The script could not go on: ENOENT/],
    ];
    const runs: string[] = [];
    for (const [tag, args, of] of refused) runs.push(await start(await modelWith(tag, [...SCRIPT, ...args], of)));
    for (const [index, [tag, , , reason]] of refused.entries()) {
      const { state, failure, version } = await ended(runs[index]!);
      expect([tag, state, version]).toEqual([tag, 'FAILED', null]);
      expect(failure).toMatch(reason);
    }
  }, 60_000);

  it('need an image that is allowed, and a platform that runs it', async () => {
    const { task, target, features } = foreignModel('sklearn-linear');
    const model = { name: 'elsewhere', dataset: 'customers', task, target, features };
    const at = (trainingImage: string): Promise<string> => refusal(CREATE, { input: { ...model, trainingImage } });
    expect(await at('docker.io/somebody/scripts:1')).toMatch(/not allowed here.*SAGEMAKER_IMAGE_ALLOW_LIST/);
    expect(await at('scripts')).toMatch(/is no image/);
    const asked = (input: object): Promise<string> => refusal(START, { input: { model: 'logistic', ...input } });
    expect(await asked({ backend: 'LOCAL' })).toMatch(/runs in its image on SageMaker/);
    expect(await asked({ folds: 5 })).toMatch(/validates as it likes/);
    await ask('mutation ($input: UpdateModelInput!) { updateModel(input: $input) { id } }', {
      input: { name: 'logistic', trainingImage: null },
    });
    expect(await asked({ algorithms: ['FOREIGN'] })).toMatch(/no script of its own.*trainingImage/);
  });

  (example === undefined && !process.env['CI'] ? it.skip : it)(
    'may be the Python of the example, which tells classes and numbers',
    async () => {
      const tasks: [string, string, string][] = [
        ['example-classes', 'sklearn-logistic', 'logLoss'],
        ['example-numbers', 'sklearn-forest-regressor', 'rmse'],
      ];
      const runs: string[] = [];
      for (const [tag, of] of tasks)
        runs.push(await start(await modelWith(tag, example!, of), { hyperparameters: { trees: 20 } }));
      for (const [index, [tag, , metric]] of tasks.entries()) {
        const { state, failure, version } = await ended(runs[index]!);
        expect([tag, state, failure]).toEqual([tag, 'SUCCEEDED', null]);
        expect(jobOf(runs[index]!).output).toMatch(new RegExp(`validation:${metric}=[\\d.]+;`));
        const { holdout, baseline } = version.metrics.find(({ name }: any) => name === metric);
        expect(holdout).toBeLessThan(baseline);
      }
    },
    120_000,
  );
});
