import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BucketFiles } from './bucket-files.ts';
import type { CreateTrainingJob } from './create-job-schema.ts';

export interface ContainerEnd {
  readonly exitCode: number | null;
  /** The content of /opt/ml/output/failure, where there is one. */
  readonly failure: string | undefined;
}

/** What our own image starts. */
export const OUR_PROGRAM = [process.execPath, join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js')];
const HOST = 'algo-1';
const COPY_PAUSE_MS = 150;

/** `/opt/ml` of one job, and the process on it: what a container is to the program inside. */
export class TrainingContainer {
  readonly root: string;
  private readonly job: CreateTrainingJob;
  private readonly arn: string;
  private readonly files: BucketFiles;
  private readonly program: readonly string[];
  private child: ChildProcess | undefined;
  private text = '';
  /** Times of the checkpoints that are in the bucket. */
  private readonly copied = new Map<string, number>();

  private constructor(
    job: CreateTrainingJob,
    arn: string,
    root: string,
    files: BucketFiles,
    program: readonly string[],
  ) {
    this.job = job;
    this.arn = arn;
    this.root = root;
    this.files = files;
    this.program = program;
  }

  /** @param program what the job's image starts. */
  static async create(
    job: CreateTrainingJob,
    arn: string,
    files: BucketFiles,
    program: readonly string[],
  ): Promise<TrainingContainer> {
    const root = await mkdtemp(join(tmpdir(), 'boucle-sagemaker-'));
    return new TrainingContainer(job, arn, root, files, program);
  }

  get output(): string {
    return this.text;
  }

  /** Fills the tree as the platform does: channels, settings, checkpoints of an earlier try. */
  async prepare(): Promise<void> {
    const { job, root } = this;
    const config = join(root, 'input', 'config');
    for (const folder of [config, join(root, 'model'), join(root, 'output', 'data')])
      await mkdir(folder, { recursive: true });
    const channels = job.InputDataConfig ?? [];
    for (const { ChannelName, DataSource } of channels) {
      const { S3Uri } = DataSource.S3DataSource;
      const found = await this.files.download(S3Uri, join(root, 'input', 'data', ChannelName));
      if (found === 0) throw new Error(`ClientError: Data download failed: there is no object under ${S3Uri}`);
    }
    if (job.CheckpointConfig) {
      await mkdir(join(root, 'checkpoints'));
      await this.files.download(`${job.CheckpointConfig.S3Uri}/`, join(root, 'checkpoints'));
    }
    const channelConfig = channels.map(({ ChannelName, ContentType, DataSource, InputMode }) => [
      ChannelName,
      {
        ContentType,
        TrainingInputMode: InputMode ?? job.AlgorithmSpecification.TrainingInputMode,
        S3DistributionType: DataSource.S3DataSource.S3DataDistributionType ?? 'FullyReplicated',
        RecordWrapperType: 'None',
      },
    ]);
    const resources = { current_host: HOST, hosts: [HOST], network_interface_name: 'eth0' };
    await writeJson(join(config, 'hyperparameters.json'), job.HyperParameters ?? {});
    await writeJson(join(config, 'inputdataconfig.json'), Object.fromEntries(channelConfig));
    await writeJson(join(config, 'resourceconfig.json'), resources);
  }

  /** Runs the program as the platform does: its first argument is `train`. */
  async run(): Promise<ContainerEnd> {
    const { job, root } = this;
    const [command, ...rest] = this.program;
    this.child = spawn(command!, [...rest, 'train', '--root', root], {
      env: {
        PATH: process.env['PATH'],
        ...job.Environment,
        TRAINING_JOB_NAME: job.TrainingJobName,
        TRAINING_JOB_ARN: this.arn,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    const ended = once(this.child, 'close') as Promise<[number | null]>;
    const copying = this.copyCheckpoints(this.child);
    const [exitCode] = await ended;
    await copying;
    const failure = await readFile(join(root, 'output', 'failure'), 'utf8').catch(() => undefined);
    return { exitCode, failure };
  }

  /** The platform copies checkpoints as they come; nobody promises that it does so once more at the end. */
  private async copyCheckpoints(child: ChildProcess): Promise<void> {
    while (this.job.CheckpointConfig && child.exitCode === null && child.signalCode === null) {
      await delay(COPY_PAUSE_MS);
      await this.saveCheckpoints();
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  /** Takes the machine away as soon as the program has left a checkpoint. */
  async killAtCheckpoint(): Promise<void> {
    while (this.child?.exitCode === null && this.child.signalCode === null) {
      const files = await readdir(join(this.root, 'checkpoints'));
      if (files.some((name) => !name.endsWith('.part'))) this.signal('SIGKILL');
      await delay(20);
    }
  }

  /** Another machine knows nothing of the last one but what is in the bucket. */
  async moveToAnotherMachine(): Promise<void> {
    await this.saveCheckpoints();
    await rm(this.root, { recursive: true });
    this.copied.clear();
    await mkdir(this.root);
  }

  private async saveCheckpoints(): Promise<void> {
    const { CheckpointConfig } = this.job;
    if (CheckpointConfig)
      await this.files.uploadFolder(join(this.root, 'checkpoints'), CheckpointConfig.S3Uri, this.copied);
  }

  /** Packs /opt/ml/model and uploads it, or only its first half. @returns the URI of `model.tar.gz`. */
  async uploadModel(damaged: boolean): Promise<string> {
    const archive = join(this.root, 'model.tar.gz');
    const tar = spawn('tar', ['-czf', archive, '-C', join(this.root, 'model'), '.'], { stdio: 'ignore' });
    await once(tar, 'close');
    if (damaged) await truncate(archive, (await stat(archive)).size >> 1);
    const { S3OutputPath } = this.job.OutputDataConfig;
    const uri = `${S3OutputPath.replace(/\/$/, '')}/${this.job.TrainingJobName}/output/model.tar.gz`;
    await this.files.upload(archive, uri);
    return uri;
  }

  async remove(): Promise<void> {
    this.signal('SIGKILL');
    await rm(this.root, { recursive: true, force: true });
  }
}

function writeJson(path: string, content: object): Promise<void> {
  return writeFile(path, JSON.stringify(content));
}
