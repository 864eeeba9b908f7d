import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.js';
import { resolveSpace } from '../../src/ml/train/search/space.js';
import { ModelArtifacts } from '../../src/models/artifact/model-artifacts.js';
import { S3ObjectStore } from '../../src/platform/storage/s3/s3-object-store.js';
import { LocalBackend } from '../../src/training/backend/local-backend.js';
import { createSageMakerClient } from '../../src/training/backend/sagemaker/sagemaker-client.js';
import { SageMakerBackend } from '../../src/training/backend/sagemaker/sagemaker-backend.js';
import { TrainingJobs } from '../../src/training/backend/sagemaker/training-jobs.js';
import { TrainingBackends } from '../../src/training/backend/training-backends.js';
import type { JobOutcome, TrainingJob } from '../../src/training/backend/training-backend.js';
import { hyperparametersFile, type TrainingOrder } from '../../src/training/container/order.js';
import { type JobOrder, specFiles } from '../../src/training/container/job-files.js';
import { layoutOf } from '../../src/training/container/layout.js';
import type { SearchOrder } from '../../src/training/container/search-order.js';
import { parseTrial, type TrialEvent, type TrialLine } from '../../src/training/container/trial-line.js';
import { JobFollower } from '../../src/training/job-follower.js';
import { readTrials } from '../../src/training/experiments/search-result.js';
import { runBoucle } from '../support/boucle-process.js';
import { hasMoto, startMoto } from '../support/moto.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';
import { type SageMakerServer, startSageMaker } from '../support/sagemaker/sagemaker-server.js';
import { WEATHER_FEATURES, weatherSql, writeParquet } from '../support/training-data.js';

const DATA_KEY = 'snapshots/weather.parquet';
const ORDER: TrainingOrder = {
  algorithm: 'LOGISTIC_REGRESSION',
  seed: 7,
  hyperparameters: {},
  spec: {
    task: 'CLASSIFICATION',
    target: 'weather',
    features: WEATHER_FEATURES,
    dataset: { versionId: 'v1', contentHash: 'c1' },
  },
};
const SEARCH: SearchOrder = {
  spec: ORDER.spec,
  search: {
    seed: 5,
    metric: 'logLoss',
    space: resolveSpace(['RANDOM_FOREST'], [{ hyperparameter: 'trees', min: 40, max: 80 }]),
    trials: 9,
    seconds: 600,
    records: [],
  },
};
const NEVER = new AbortController().signal;
const ROLE = 'arn:aws:iam::123456789012:role/boucle-training';

let folder: string;
let s3: S3Server;
let sagemaker: SageMakerServer;
let store: S3ObjectStore;
let runs = 0;

beforeAll(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  folder = await mkdtemp(join(tmpdir(), 'boucle-jobs-'));
  s3 = await startS3Server();
  store = new S3ObjectStore(s3.env['STORAGE_URL']!, loadConfig(s3.env));
  await writeParquet(weatherSql(2400), join(folder, 'data.parquet'));
  await store.putFile(DATA_KEY, join(folder, 'data.parquet'));
});

beforeEach(async () => {
  sagemaker = await startSageMaker(s3.url);
});

afterEach(() => sagemaker.stop());

afterAll(async () => {
  await s3.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('trainings on SageMaker', () => {
  it('give the same bytes as at home, and leave nothing in the bucket but what they were given', async () => {
    const { outcome, onnx } = await trained();
    expect(outcome.kind).toBe('COMPLETED');
    expect(onnx).toBe(await hashOfLocalTraining());
    expect([...s3.bucket.objects.keys()]).toEqual([`boucle/${DATA_KEY}`]);
  });

  it('leave their model until their run has ended, for the next worker', async () => {
    const job = newJob();
    const { onnx } = await trained({}, job, false);
    expect(onnx).toBeDefined();
    expect((await trained({}, job)).onnx).toBe(onnx);
    expect(sagemaker.jobs.size).toBe(1);
    expect([...s3.bucket.objects.keys()]).toEqual([`boucle/${DATA_KEY}`]);
  });

  it('tell what they are at, and where they come from', async () => {
    const backend = backendOf();
    const job = newJob();
    await backend.submit(job, NEVER);
    const seen = new Set<string>();
    const looking = setInterval(() => seen.add(backend.status(job.id).progress?.message ?? ''), 20);
    await backend.follow(job.id, NEVER);
    clearInterval(looking);
    expect([...seen].join()).toContain('Training in progress');
    expect(backend.status(job.id)).toMatchObject({ externalName: `boucle-${job.id}-1` });
    expect(backend.status(job.id).log).toMatch(/on ml\.m5\.xlarge\n(.*\n)+billed \d+ s of \d+ s\n$/);
    const { request } = [...sagemaker.jobs.values()][0]!;
    expect(request.Tags).toContainEqual({ Key: 'boucle:run', Value: job.id });
    expect(request.HyperParameters).toMatchObject({ algorithm: 'LOGISTIC_REGRESSION', seed: '7' });
    await backend.release(job.id);
    await backend.discard(job.id);
  });

  it('tell what they may cost, and what they were billed for', async () => {
    const backend = backendOf({
      SAGEMAKER_PRICES: 'ml.m5.xlarge=3.6',
      SAGEMAKER_INSTANCE_TYPES: 'ml.m5.xlarge,ml.x.y',
    });
    expect(backend.maximumCost()).toBeUndefined();
    expect(backendOf({ SAGEMAKER_PRICES: 'ml.m5.xlarge=3.6', TRAINING_TIMEOUT_SECONDS: '60' }).maximumCost()).toBe(
      0.06,
    );
    const job = newJob();
    await backend.submit(job, NEVER);
    await backend.follow(job.id, NEVER);
    const [ended] = [...sagemaker.jobs.values()];
    const seconds = Math.ceil((ended!.endedAt!.getTime() - ended!.startedAt!.getTime()) / 1000);
    expect(backend.status(job.id).billing).toEqual({ seconds, cost: expect.closeTo(seconds * 0.001, 9) });
    await backend.release(job.id);
    await backend.discard(job.id);
  });

  it('are asked for again when the service throttles', async () => {
    let left = 3;
    sagemaker.fault = () => (left-- > 0 ? { error: 'ThrottlingException' } : undefined);
    expect((await trained()).outcome.kind).toBe('COMPLETED');
    expect(sagemaker.jobs.size).toBe(1);
  });

  it('are created once, though the answer gets lost', async () => {
    let isLost = false;
    sagemaker.fault = (operation) => {
      if (operation !== 'CreateTrainingJob' || isLost) return undefined;
      isLost = true;
      return 'LOST_ANSWER';
    };
    expect((await trained()).outcome.kind).toBe('COMPLETED');
    expect(sagemaker.jobs.size).toBe(1);
  });

  it('take another type of machine where there is none of the first', async () => {
    sagemaker.fate = ({ ResourceConfig }) =>
      ResourceConfig.InstanceType === 'ml.c5.large' ? 'NO_CAPACITY' : undefined;
    const { outcome } = await trained({ SAGEMAKER_INSTANCE_TYPES: 'ml.c5.large,ml.m5.large' });
    expect(outcome.kind).toBe('COMPLETED');
    expect(typesOf()).toEqual(['ml.c5.large', 'ml.m5.large']);
  });

  it('take another type where the quota of the first is used up', async () => {
    let isFirst = true;
    sagemaker.fault = (operation) => {
      if (operation !== 'CreateTrainingJob' || !isFirst) return undefined;
      isFirst = false;
      return { error: 'ResourceLimitExceeded' };
    };
    const { outcome } = await trained({ SAGEMAKER_INSTANCE_TYPES: 'ml.c5.large,ml.m5.large' });
    expect(outcome.kind).toBe('COMPLETED');
    expect(typesOf()).toEqual(['ml.m5.large']);
  });

  it('wait where there are no machines at all, and go on when there are', async () => {
    sagemaker.fate = () => 'NO_CAPACITY';
    const job = newJob();
    await expect(trained({}, job)).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringContaining('name more types in SAGEMAKER_INSTANCE_TYPES'),
    });
    sagemaker.fate = () => undefined;
    expect((await trained({}, job)).outcome.kind).toBe('COMPLETED');
    expect([...sagemaker.jobs.keys()]).toEqual([`boucle-${job.id}-1`, `boucle-${job.id}-2`]);
  });

  it('fail with the reason that the container wrote', async () => {
    const spec = { ...ORDER.spec, target: 'nothing' };
    const { outcome } = await trained({}, newJob({ ...ORDER, spec }));
    expect(outcome).toEqual({ kind: 'FAILED', reason: expect.stringMatching(/^[^,]*"?nothing"?/) });
    expect((outcome as { reason: string }).reason).not.toContain('AlgorithmError');
  });

  it('go on after their spot machine was taken away', async () => {
    sagemaker.fate = () => 'INTERRUPTED';
    const { outcome } = await trained({ SAGEMAKER_SPOT: 'true' });
    expect(outcome.kind).toBe('COMPLETED');
    const [job] = [...sagemaker.jobs.values()];
    expect(job!.starts).toBe(2);
    expect(job!.request).toMatchObject({ EnableManagedSpotTraining: true });
    // Linear models are trained in seconds: they keep none.
    expect(job!.request.CheckpointConfig).toBeUndefined();
  });

  it.each([
    ['RANDOM_FOREST', { trees: 800 }],
    ['GRADIENT_BOOSTING', { rounds: 800, validationShare: 0, learningRate: 0.01 }],
  ] as const)('go on from checkpoints on the next spot machine, to the same bytes: %s', async (algorithm, settings) => {
    sagemaker.fate = () => 'INTERRUPTED_AT_CHECKPOINT';
    const order = { ...ORDER, algorithm, hyperparameters: settings };
    const { outcome, onnx } = await trained({ SAGEMAKER_SPOT: 'true' }, newJob(order));
    expect(outcome.kind).toBe('COMPLETED');
    const [job] = [...sagemaker.jobs.values()];
    expect(job!.starts).toBe(2);
    expect(job!.output).toMatch(/going on after an interruption, with \d+ trees from checkpoints/);
    expect(onnx).toBe(await hashOfLocalTraining(order));
    expect([...s3.bucket.objects.keys()]).toEqual([`boucle/${DATA_KEY}`]);
  });

  it('that take too long fail, and say so', async () => {
    sagemaker.fate = () => 'OUT_OF_TIME';
    const { outcome } = await trained();
    expect(outcome).toEqual({ kind: 'FAILED', reason: expect.stringContaining('TRAINING_TIMEOUT_SECONDS') });
  });

  it('stop when they are told to, also by a worker that did not start them', async () => {
    const job = newJob();
    const backend = backendOf();
    await backend.submit(job, NEVER);
    const outcome = backend.follow(job.id, NEVER);
    // A job that has not begun is not billed.
    while (![...sagemaker.jobs.values()][0]?.startedAt) await delay(10);
    const billing = await backendOf().abandon(job.id, NEVER);
    expect(await outcome).toEqual({ kind: 'STOPPED' });
    expect(billing).toEqual({ seconds: expect.any(Number) });
    expect(await backendOf().abandon(job.id, NEVER)).toEqual(billing);
    expect(await backendOf().abandon(newJob().id, NEVER)).toBeUndefined();
    await backend.release(job.id);
    await backend.discard(job.id);
  });

  it('outlive their worker, and the next one takes them up', async () => {
    const job = newJob();
    const first = backendOf();
    const death = new AbortController();
    await first.submit(job, NEVER);
    const following = first.follow(job.id, death.signal);
    death.abort(new Error('died'));
    await expect(following).rejects.toThrow('died');
    await first.release(job.id);
    expect((await trained({}, job)).outcome.kind).toBe('COMPLETED');
    expect(sagemaker.jobs.size).toBe(1);
  });

  it('are left alone by a worker that lost them to another', async () => {
    const job = newJob();
    const backend = backendOf();
    const following = {
      working: 'RUNNING',
      note: () => Promise.resolve(undefined),
      conclude: () => Promise.reject(new Error('it is the other one who concludes')),
    };
    const jobs = new JobFollower(new TrainingBackends(new LocalBackend(settings()), backend, settings()));
    await expect(jobs.follow(backend, job, following, NEVER)).resolves.toBeUndefined();
    expect(sagemaker.calls).not.toContain('StopTrainingJob');
    expect((await trained({}, job)).outcome.kind).toBe('COMPLETED');
    expect(sagemaker.jobs.size).toBe(1);
  });

  it('whose archive is damaged are refused', async () => {
    sagemaker.fate = () => 'DAMAGED_ARTIFACT';
    await expect(trained()).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('do not adopt the job of somebody else', async () => {
    const job = newJob();
    await backendOf().submit(job, NEVER);
    const [theirs] = [...sagemaker.jobs.values()];
    theirs!.request.Tags!.find(({ Key }) => Key === 'boucle:run')!.Value = 'another';
    let calls = 0;
    sagemaker.fault = (operation) =>
      operation === 'DescribeTrainingJob' && calls++ === 0
        ? { error: 'ResourceNotFound' } // As if it came between our look and our creation.
        : undefined;
    await expect(backendOf().submit(job, NEVER)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('that the service refuses say why', async () => {
    await expect(trained({ SAGEMAKER_ROLE_ARN: 'nobody' })).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('RoleArn'),
    });
  });
});

describe('searches on SageMaker', () => {
  let atHome: Scored[];

  beforeAll(async () => {
    atHome = await trialsOfLocalSearch();
  });

  it('find what they find at home, and say what they are', async () => {
    const { outcome, trials } = await searched();
    expect(outcome.kind).toBe('COMPLETED');
    expect(trials.filter(({ rung }) => rung === 1)).toHaveLength(3);
    expect(trials).toEqual(atHome);
    const [job] = [...sagemaker.jobs.values()];
    const id = job!.request.TrainingJobName.slice('boucle-'.length, -'-1'.length);
    expect(job!.request.Tags).toContainEqual({ Key: 'boucle:experiment', Value: id });
    expect(job!.request.HyperParameters).toEqual({ seed: '5', metric: 'logLoss', trials: '9', seconds: '600' });
    expect(job!.request.StoppingCondition).toEqual({ MaxRuntimeInSeconds: 1500 });
    expect([...s3.bucket.objects.keys()].filter((key) => key.includes(id))).toEqual([]);
  });

  it('go on from what they told, on the next spot machine', async () => {
    sagemaker.fate = () => 'INTERRUPTED_AT_CHECKPOINT';
    const { outcome, trials } = await searched({ SAGEMAKER_SPOT: 'true' });
    expect(outcome.kind).toBe('COMPLETED');
    const [job] = [...sagemaker.jobs.values()];
    expect(job!.starts).toBe(2);
    expect(job!.output).toMatch(/going on after an interruption, behind \d+ lines/);
    expect(trials).toEqual(atHome);
  });

  it('fail with the reason that the container wrote', async () => {
    const { outcome } = await searched({}, { ...SEARCH, spec: { ...SEARCH.spec, target: 'nothing' } });
    expect(outcome).toEqual({ kind: 'FAILED', reason: expect.stringMatching(/^The data has no column nothing/) });
  });
});

(hasMoto() ? describe : describe.skip)('the calls to SageMaker, on moto', () => {
  it('create a job, describe it, and find none where there is none', async () => {
    const moto = await startMoto();
    try {
      const config = settings({ AWS_ENDPOINT_URL_SAGEMAKER: moto.url });
      const jobs = new TrainingJobs(createSageMakerClient(config), config);
      const { id, order } = newJob();
      const uris = { channels: { training: 's3://b/data.parquet', spec: 's3://b/spec.json' }, outputUri: 's3://b/out' };
      const asked = { id, order, attempt: 1, instanceType: 'ml.m5.large', ...uris };
      expect(await jobs.describe(`boucle-${id}-1`)).toBeUndefined();
      expect(await jobs.create(asked, NEVER)).toBe(true);
      expect(await jobs.describe(`boucle-${id}-1`)).toMatchObject({
        TrainingJobStatus: 'Completed',
        HyperParameters: { seed: '7' },
        ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
      });
      expect(await jobs.create(asked, NEVER)).toBe(true);
    } finally {
      await moto.stop();
    }
  });
});

function settings(env: Record<string, string> = {}) {
  return loadConfig({
    ...s3.env,
    AWS_ENDPOINT_URL_SAGEMAKER: sagemaker.url,
    SAGEMAKER_ROLE_ARN: ROLE,
    SAGEMAKER_IMAGE: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/boucle:1',
    SAGEMAKER_POLL_SECONDS: '0.05',
    ...env,
  });
}

function backendOf(env: Record<string, string> = {}): SageMakerBackend {
  return new SageMakerBackend(settings(env), store);
}

function newJob(order: JobOrder = ORDER): TrainingJob {
  const id = `01a20000-0000-7000-8000-${String(++runs).padStart(12, '0')}`;
  return { id, order, dataKey: DATA_KEY, fetchData: () => Promise.reject(new Error('nobody copies it here')) };
}

/** A training from its start to its verified model, as a worker does it. */
async function trained(
  env: Record<string, string> = {},
  job = newJob(),
  isEnded = true,
): Promise<{ readonly outcome: JobOutcome; readonly onnx?: string }> {
  const backend = backendOf(env);
  await backend.submit(job, NEVER);
  try {
    const outcome = await backend.follow(job.id, NEVER);
    if (outcome.kind !== 'COMPLETED') return { outcome };
    const { onnx } = await new ModelArtifacts(store).verify(createReadStream(outcome.archive), 'model');
    return { outcome, onnx: sha256(onnx) };
  } finally {
    await backend.release(job.id);
    if (isEnded) await backend.discard(job.id);
  }
}

/** A search from its start to its trials, as a worker does it. */
async function searched(
  env: Record<string, string> = {},
  order = SEARCH,
): Promise<{ readonly outcome: JobOutcome; readonly trials: readonly Scored[] }> {
  const backend = backendOf(env);
  const job = { ...newJob(order), seconds: 1500 };
  await backend.submit(job, NEVER);
  try {
    const outcome = await backend.follow(job.id, NEVER);
    if (outcome.kind !== 'COMPLETED') return { outcome, trials: [] };
    const trials = scoredOf(await readTrials(outcome.archive));
    // What it told on its way is the beginning of what it left.
    const told = scoredOf(backend.status(job.id).trials ?? []);
    expect(told).toEqual(trials.slice(0, told.length));
    return { outcome, trials };
  } finally {
    await backend.release(job.id);
    await backend.discard(job.id);
  }
}

async function trialsOfLocalSearch(): Promise<Scored[]> {
  const layout = layoutOf(join(folder, 'local', 'search'));
  for (const path of [layout.training, layout.spec]) await mkdir(path, { recursive: true });
  await writeFile(join(layout.training, 'data.parquet'), await readFile(join(folder, 'data.parquet')));
  for (const [name, content] of Object.entries(specFiles(SEARCH))) {
    await writeFile(join(layout.spec, name), JSON.stringify(content));
  }
  const { output } = await runBoucle(['search', '--root', layout.root], {});
  return scoredOf(output.split('\n').flatMap((line) => parseTrial(line) ?? []));
}

type Scored = Omit<TrialEvent<'SCORED'>, 'seconds'>;

function scoredOf(lines: readonly TrialLine[]): Scored[] {
  return lines.flatMap((line) => {
    if (line.event !== 'SCORED') return [];
    const { seconds, ...scored } = line;
    expect(seconds).toBeGreaterThan(0);
    return scored;
  });
}

async function hashOfLocalTraining(order = ORDER): Promise<string> {
  const layout = layoutOf(join(folder, 'local', order.algorithm));
  for (const path of [layout.config, layout.training, layout.spec]) await mkdir(path, { recursive: true });
  await writeFile(join(layout.training, 'data.parquet'), await readFile(join(folder, 'data.parquet')));
  await writeFile(join(layout.config, 'hyperparameters.json'), JSON.stringify(hyperparametersFile(order)));
  await writeFile(join(layout.spec, 'training.json'), JSON.stringify(order.spec));
  await runBoucle(['train', '--root', layout.root], {});
  return sha256(await readFile(join(layout.model, 'model.onnx')));
}

function typesOf(): string[] {
  return [...sagemaker.jobs.values()].map(({ request }) => request.ResourceConfig.InstanceType);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
