import { loadConfig } from '../../src/config/config.js';
import { S3ObjectStore } from '../../src/platform/storage/s3/s3-object-store.js';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { lapseHeartbeats } from '../support/lapsed-heartbeats.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';
import { type SageMakerServer, startSageMaker } from '../support/sagemaker/sagemaker-server.js';
import type { TrainingJob } from '../support/sagemaker/training-job.js';
import { registerData, WEATHER_FEATURES, weatherSql } from '../support/training-data.js';

/** A dead worker is noticed after its heartbeat of 10 s; the job then waits for the next look and its retry. */
const TAKEN_UP_SECONDS = 60;
/** USD a second. */
const PRICE = 0.001;

describe('a worker killed during a training on SageMaker', () => {
  let database: TestDatabase;
  let s3: S3Server;
  let sagemaker: SageMakerServer;
  let api: Boucle;
  let engineer: Account;
  const workers: Boucle[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    s3 = await startS3Server();
    sagemaker = await startSageMaker(s3.url);
    api = await startBoucle({ databaseUrl: database.url, role: 'api', env: { ...cloud(), REGISTRATION: 'open' } });
    engineer = await signUp(api, database, 'ENGINEER');
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    const store = new S3ObjectStore(s3.env['STORAGE_URL']!, loadConfig(s3.env));
    await registerData(database, api.home, 'weather', weatherSql(4000), store);
    const input = { task: 'CLASSIFICATION', dataset: 'weather', target: 'weather', features: WEATHER_FEATURES };
    await ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
      input: { name: 'kinds', ...input },
    });
  });

  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      if (worker.child.exitCode === null && worker.child.signalCode === null) await worker.kill();
    }
  });

  afterAll(async () => {
    await api.stop();
    await sagemaker.stop();
    await s3.stop();
    await database.drop();
  });

  it('leaves the job alone; the next worker follows it, and it ends once', async () => {
    const first = await startWorker();
    const id = await start(1500);
    const job = await jobInTraining(id);
    await first.kill();
    await lapseHeartbeats(database);
    await startWorker();
    expect(await ended(id)).toMatchObject({ state: 'SUCCEEDED', failure: null, version: { version: 1 } });
    expect(jobsOf(id)).toEqual([job]);
    expect(job.starts).toBe(1);
    expect(await database.query('SELECT run_id FROM model_version')).toEqual([{ run_id: id }]);
    await until(() => Promise.resolve(leftIn(id).length === 0), 10);
  }, 180_000);

  it('while the run is being cancelled: the next one stops the job, notes what was billed and clears up', async () => {
    const first = await startWorker();
    const id = await start(2000);
    const job = await jobInTraining(id);
    job.pause();
    first.child.kill('SIGSTOP'); // So that it can't answer the cancellation any more.
    await ask('mutation ($id: ID!) { cancelTraining(id: $id) { state } }', { id });
    await first.kill();
    await lapseHeartbeats(database);
    await startWorker();
    expect(leftIn(id)).not.toEqual([]);
    expect(await ended(id)).toMatchObject({ state: 'CANCELLED', billedSeconds: billedFor(job) });
    expect(job.status).toBe('Stopped');
    expect(leftIn(id)).toEqual([]);
    expect(jobsOf(id)).toEqual([job]);
  }, 180_000);

  it('leaves the job of a search alone, too; what it tells is known meanwhile, and it ends once', async () => {
    const first = await startWorker();
    const id = await startExperiment();
    await until(async () => scoredIn(await experimentOf(id)).length > 0, 40);
    const [job] = jobsOf(id);
    expect(await experimentOf(id)).toMatchObject({ state: 'SEARCHING', backend: 'SAGEMAKER', run: null });
    await first.kill();
    expect(job!.isOver).toBe(false);
    await lapseHeartbeats(database);
    await startWorker();
    const experiment = await overOf(id);
    expect(experiment).toMatchObject({ state: 'SUCCEEDED', failure: null, billedSeconds: billedFor(job!) });
    expect(experiment.run).toMatchObject({ state: 'SUCCEEDED', backend: 'SAGEMAKER' });
    expect(scoredIn(experiment)).toHaveLength(9);
    expect(jobsOf(id)).toEqual([job]);
    expect(job!.starts).toBe(1);
    expect(jobsOf(experiment.run.id)).toHaveLength(1);
    await until(() => Promise.resolve(leftIn(id).length === 0), 10);
  }, 180_000);

  it('or not: a search is cancelled with its job, or fails with its reason', async () => {
    await startWorker();
    await expect(startExperiment({ trials: 9, cost: 0.5 })).rejects.toThrow(
      /0.5 USD buys 500 s of the dearest machine/,
    );
    const cancelled = await startExperiment({ trials: 9, cost: 1.2 });
    await until(async () => scoredIn(await experimentOf(cancelled)).length > 0, 40);
    const [job] = jobsOf(cancelled);
    await ask('mutation ($id: ID!) { cancelExperiment(id: $id) { state } }', { id: cancelled });
    const end = await overOf(cancelled);
    expect(job!.status).toBe('Stopped');
    const billedSeconds = billedFor(job!);
    expect(end).toMatchObject({ state: 'CANCELLED', run: null, maximumCost: expect.closeTo(1.2, 9), billedSeconds });
    expect(end.cost).toBeCloseTo(billedSeconds * PRICE, 9);
    expect(job!.request.StoppingCondition).toEqual({ MaxRuntimeInSeconds: 1200 });
    // What the trials may take; the rest is for the machine's start and what it leaves.
    expect(job!.request.HyperParameters).toMatchObject({ seconds: '300' });
    expect(scoredIn(end).length).toBeGreaterThan(0);
    await until(() => Promise.resolve(leftIn(cancelled).length === 0), 10);

    sagemaker.fate = () => 'OUT_OF_TIME';
    const failed = await overOf(await startExperiment());
    sagemaker.fate = () => undefined;
    expect(failed).toMatchObject({ state: 'FAILED', failure: expect.stringMatching(/longer .* and was stopped/) });
  }, 180_000);

  function cloud(): Record<string, string> {
    return {
      ...s3.env,
      TRAINING_BACKEND: 'sagemaker',
      AWS_ENDPOINT_URL_SAGEMAKER: sagemaker.url,
      SAGEMAKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/boucle-training',
      SAGEMAKER_IMAGE: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/boucle:1',
      SAGEMAKER_POLL_SECONDS: '0.2',
      SAGEMAKER_PRICES: `ml.m5.xlarge=${PRICE * 3600}`,
    };
  }

  function ask(query: string, variables?: object): Promise<any> {
    return api.ask(query, variables, engineer.token);
  }

  async function startWorker(): Promise<Boucle> {
    const worker = await startBoucle({ databaseUrl: database.url, role: 'worker', home: api.home, env: cloud() });
    workers.push(worker);
    return worker;
  }

  async function start(trees: number): Promise<string> {
    const { startTraining } = await ask(
      'mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id backend } }',
      { input: { model: 'kinds', algorithms: ['RANDOM_FOREST'], hyperparameters: { trees } } },
    );
    expect(startTraining[0].backend).toBe('SAGEMAKER');
    return startTraining[0].id;
  }

  async function startExperiment(budget: object = { trials: 9 }): Promise<string> {
    const space = [{ hyperparameter: 'trees', min: 400, max: 500 }];
    const { startExperiment: started } = await ask(
      'mutation ($input: StartExperimentInput!) { startExperiment(input: $input) { id } }',
      { input: { model: 'kinds', algorithms: ['RANDOM_FOREST'], space, budget } },
    );
    return started.id;
  }

  async function experimentOf(id: string): Promise<any> {
    const query = `query ($id: ID!) { experiment(id: $id) { state message failure backend maximumCost billedSeconds cost
      run { id state backend } trials(first: 50) { nodes { state score } } } }`;
    return (await ask(query, { id })).experiment;
  }

  function scoredIn({ trials }: any): any[] {
    return trials.nodes.filter(({ score }: any) => score !== null);
  }

  async function overOf(id: string): Promise<any> {
    let experiment: any;
    await until(async () => {
      experiment = await experimentOf(id);
      return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(experiment.state);
    }, TAKEN_UP_SECONDS + 60);
    return experiment;
  }

  function jobsOf(id: string): TrainingJob[] {
    return [...sagemaker.jobs.values()].filter(({ request }) => request.TrainingJobName.includes(id));
  }

  function billedFor({ startedAt, endedAt }: TrainingJob): number {
    return Math.ceil((endedAt!.getTime() - startedAt!.getTime()) / 1000);
  }

  function leftIn(id: string): string[] {
    return [...s3.bucket.objects.keys()].filter((key) => key.includes(id));
  }

  async function jobInTraining(id: string): Promise<TrainingJob> {
    await until(() => Promise.resolve(jobsOf(id)[0]?.output.includes('message="tree') ?? false), 40);
    return jobsOf(id)[0]!;
  }

  async function ended(id: string): Promise<any> {
    let run: any;
    await until(async () => {
      const query =
        'query ($id: ID!) { trainingRun(id: $id) { state message failure billedSeconds version { version } } }';
      run = (await ask(query, { id })).trainingRun;
      return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(run.state);
    }, TAKEN_UP_SECONDS + 60);
    return run;
  }

  async function until(isDone: () => Promise<boolean>, seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1_000;
    while (!(await isDone())) {
      if (Date.now() > deadline) throw new Error(`waited for ${seconds} s in vain`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
