import type { BucketFiles } from './bucket-files.ts';
import type { CreateTrainingJob } from './create-job-schema.ts';
import { type ContainerEnd, TrainingContainer } from './training-container.ts';

/** What a test makes happen to a job. */
export type JobFate =
  /** There are no machines of this type. */
  | 'NO_CAPACITY'
  /** The container runs, but its machine is taken away once, shortly after the start; spot jobs go on on another one. */
  | 'INTERRUPTED'
  /** The same, as soon as it has left a checkpoint. */
  | 'INTERRUPTED_AT_CHECKPOINT'
  /** The limit of its run time is reached. */
  | 'OUT_OF_TIME'
  /** It ends, but the archive in the bucket is damaged. */
  | 'DAMAGED_ARTIFACT';

type Status = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

const CAPACITY_REASON =
  'CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.';
/** How long the container of a fate runs before it meets it. */
const BEFORE_FATE_MS = 400;
const KILL_AFTER_MS = 120_000;

/** One training job of the platform, from Starting to its end. */
export class TrainingJob {
  readonly arn: string;
  readonly createdAt = new Date();
  status: Status = 'InProgress';
  secondaryStatus = 'Starting';
  readonly transitions: { readonly status: string; readonly at: Date; readonly message: string }[] = [];
  failureReason: string | undefined;
  artifactUri: string | undefined;
  startedAt: Date | undefined;
  endedAt: Date | undefined;
  /** Containers that were started for it. */
  starts = 0;
  readonly request: CreateTrainingJob;
  private readonly files: BucketFiles;
  private readonly fate: JobFate | undefined;
  private readonly program: readonly string[];
  private container: TrainingContainer | undefined;
  private running: Promise<void> | undefined;
  private stopping: 'Stopped' | 'MaxRuntimeExceeded' | undefined;

  constructor(request: CreateTrainingJob, files: BucketFiles, fate: JobFate | undefined, program: readonly string[]) {
    this.request = request;
    this.files = files;
    this.fate = fate;
    this.program = program;
    this.arn = `arn:aws:sagemaker:eu-west-1:123456789012:training-job/${request.TrainingJobName}`;
    this.enter('Starting', 'Launching requested ML instances');
  }

  get isOver(): boolean {
    return ['Completed', 'Failed', 'Stopped'].includes(this.status);
  }

  get output(): string {
    return this.container?.output ?? '';
  }

  /** Begins the job; it goes on by itself. */
  start(): void {
    this.running = this.run();
  }

  private async run(): Promise<void> {
    if (this.fate === 'NO_CAPACITY') {
      this.end('Failed', 'Failed', CAPACITY_REASON);
      return;
    }
    this.container = await TrainingContainer.create(this.request, this.arn, this.files, this.program);
    try {
      await this.attempt(this.container);
    } catch (error) {
      this.end('Failed', 'Failed', error instanceof Error ? error.message : String(error));
    } finally {
      await this.container.remove();
    }
  }

  /** SIGTERM, two minutes, SIGKILL. */
  stop(as: 'Stopped' | 'MaxRuntimeExceeded' = 'Stopped'): void {
    if (this.isOver || this.stopping) return;
    this.stopping = as;
    this.status = 'Stopping';
    this.enter('Stopping', 'Stopping the training job');
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    setTimeout(() => {
      this.signal('SIGKILL');
    }, KILL_AFTER_MS).unref();
  }

  /** The container does nothing any more until the job is stopped. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  /** Ends the job at once, and waits until nothing is left of it. */
  async destroy(): Promise<void> {
    this.stopping ??= 'Stopped';
    this.signal('SIGKILL');
    await this.running;
  }

  private async attempt(container: TrainingContainer): Promise<void> {
    this.enter('Downloading', 'Downloading input data');
    await container.prepare();
    if (this.endStopped()) return;
    this.enter('Training', 'Training image download completed. Training in progress.');
    this.startedAt ??= new Date();
    this.starts++;
    const isInterrupted = this.starts === 1 && (this.fate?.startsWith('INTERRUPTED') ?? false);
    setTimeout(() => {
      if (isInterrupted && this.fate === 'INTERRUPTED') this.signal('SIGKILL');
      else if (this.fate === 'OUT_OF_TIME') this.stop('MaxRuntimeExceeded');
    }, BEFORE_FATE_MS);
    const running = container.run();
    if (isInterrupted && this.fate === 'INTERRUPTED_AT_CHECKPOINT') await container.killAtCheckpoint();
    const end = await running;
    if (isInterrupted) await this.afterInterruption(container);
    else if (!this.endStopped()) await this.afterRun(container, end);
  }

  private async afterRun(container: TrainingContainer, { exitCode, failure = '' }: ContainerEnd): Promise<void> {
    if (exitCode !== 0) {
      this.end('Failed', 'Failed', `AlgorithmError: ${failure.slice(0, 1024)}, exit code: ${exitCode}`);
      return;
    }
    this.enter('Uploading', 'Uploading generated training model');
    this.artifactUri = await container.uploadModel(this.fate === 'DAMAGED_ARTIFACT');
    this.end('Completed', 'Completed');
  }

  private async afterInterruption(container: TrainingContainer): Promise<void> {
    if (!this.request.EnableManagedSpotTraining) {
      this.end('Failed', 'Failed', 'InternalServerError: We encountered an internal error. Please try again.');
      return;
    }
    this.enter('Interrupted', 'The spot instance was interrupted');
    await container.moveToAnotherMachine();
    await this.attempt(container);
  }

  /** @returns whether it was told to stop. */
  private endStopped(): boolean {
    if (this.stopping) this.end('Stopped', this.stopping);
    return this.stopping !== undefined;
  }

  private signal(name: NodeJS.Signals): void {
    this.container?.signal(name);
  }

  private enter(secondaryStatus: string, message: string): void {
    this.secondaryStatus = secondaryStatus;
    this.transitions.push({ status: secondaryStatus, at: new Date(), message });
  }

  private end(status: Status, secondaryStatus: string, failureReason?: string): void {
    this.status = status;
    this.failureReason = failureReason;
    this.endedAt = new Date();
    this.enter(secondaryStatus, failureReason ?? secondaryStatus);
  }
}
