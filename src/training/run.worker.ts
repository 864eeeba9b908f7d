import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DatasetsService } from '../datasets/datasets.service.js';
import { AppError } from '../errors/app-error.js';
import { toPublicError } from '../errors/public-error.js';
import { isRefusedByDatabase } from '../errors/refused-by-database.js';
import { type JobContext, type JobHandler, HandlesJob } from '../platform/queue/job-handler.js';
import { ModelRegistration, type StoredArtifact } from '../models/model-registration.js';
import { ModelRegistry } from '../models/model-registry.js';
import { type JobOutcome, TrainingBackend, type TrainingJob } from './backend/training-backend.js';
import { trainJob } from './training.jobs.js';
import { type Lease, TrainingRuns } from './training-runs.js';
import type { TrainingRun } from './training-run.entity.js';

/** How often progress is written and a wish to cancel is looked for. */
const REPORT_INTERVAL_MS = 400;
/** Workers that may die on one run before the run is to blame. */
const MAX_ATTEMPTS = 3;
const STOPPED = 'The worker was stopped during this training. If it does not begin again by itself, start it again.';

/** Follows training runs. It may be killed at any point: whoever takes the job up next begins the run again. */
@HandlesJob(trainJob)
export class RunWorker implements JobHandler<{ runId: string }> {
  private readonly logger = new Logger('Training');

  constructor(
    private readonly runs: TrainingRuns,
    private readonly backend: TrainingBackend,
    private readonly datasets: DatasetsService,
    private readonly registry: ModelRegistry,
    private readonly registration: ModelRegistration,
  ) {}

  async handle({ runId }: { runId: string }, context: JobContext): Promise<void> {
    const taken = await this.runs.takeUp(runId);
    if (!taken) return;
    const { run } = taken;
    if (run.attempts > MAX_ATTEMPTS) {
      await this.fail(
        taken,
        `The worker ended ${MAX_ATTEMPTS} times during this training, most likely because memory ran out. Train on fewer rows or features, or give the worker more memory.`,
      );
      return;
    }
    try {
      await this.train(taken, run, context.signal);
    } catch (error) {
      await this.afterError(taken, error, context);
    }
  }

  /** Fails the run, or hands it back and throws, for the job to be tried again: only silent deaths count as attempts. */
  private async afterError(lease: Lease, error: unknown, { signal, isLastAttempt }: JobContext): Promise<void> {
    const reason = signal.aborted ? STOPPED : toPublicError(error).message;
    if (isLastAttempt || (!signal.aborted && isForGood(error))) {
      this.logger.error({ err: error, runId: lease.runId }, 'the training run failed');
      return this.fail(lease, reason);
    }
    await this.runs.handBack(lease, `waiting for the next attempt. ${reason}`);
    throw error;
  }

  private async train(lease: Lease, run: TrainingRun, signal: AbortSignal): Promise<void> {
    const name = await this.backend.submit(await this.jobOf(run), signal);
    try {
      await this.runs.report(lease, { externalName: name });
      const outcome = await this.follow(lease, name, signal);
      await this.conclude(lease, run, outcome);
    } finally {
      await this.backend.release(name);
    }
  }

  private async jobOf(run: TrainingRun): Promise<TrainingJob> {
    const model = await this.registry.modelById(run.modelId);
    const version = await this.datasets.versionById(run.datasetVersionId);
    return {
      runId: run.id,
      order: {
        algorithm: run.algorithm,
        seed: run.seed,
        hyperparameters: run.hyperparameters,
        spec: {
          task: model.task,
          target: model.target,
          features: model.features,
          split: model.split,
          dataset: { versionId: version.id, contentHash: version.contentHash },
        },
      },
      fetchData: (path, signal) => this.datasets.download(version, path, signal),
    };
  }

  private async follow(lease: Lease, name: string, signal: AbortSignal): Promise<JobOutcome> {
    const end = new AbortController();
    const reports = this.reportUntil(end.signal, lease, name);
    try {
      return await this.backend.follow(name, signal);
    } finally {
      end.abort();
      await reports;
    }
  }

  /**
   * Writes progress until the job ends, and passes a wish to cancel on. A database that is away for a while is no reason
   * to give up hours of work.
   */
  private async reportUntil(end: AbortSignal, lease: Lease, name: string): Promise<void> {
    let written = '';
    for (let last = false; !last;) {
      await delay(REPORT_INTERVAL_MS, undefined, { signal: end }).catch(() => undefined);
      last = end.aborted;
      const { progress, log } = this.backend.status(name);
      const changes = {
        log,
        ...(progress && { progress: progress.done / progress.total, message: progress.message }),
      };
      const text = JSON.stringify(changes);
      try {
        const state = await this.runs.report(lease, text === written ? {} : changes);
        written = text;
        if (!last && state !== 'RUNNING') await this.backend.cancel(name);
      } catch (error) {
        this.logger.warn({ err: error, runId: lease.runId }, 'progress could not be written');
      }
    }
  }

  private async conclude(lease: Lease, run: TrainingRun, outcome: JobOutcome): Promise<void> {
    if (outcome.kind === 'FAILED') return this.fail(lease, outcome.reason);
    if (outcome.kind === 'STOPPED') return this.runs.finish(lease, 'CANCELLED');
    const mayRegister = await this.runs.advance(lease, 'REGISTERING', { progress: 1, message: 'registering' });
    if (!mayRegister) return this.runs.finish(lease, 'CANCELLED');
    const artifact = await this.registration.store(run.modelId, outcome.archive);
    checkOrigin(artifact, run);
    await this.runs.finish(lease, 'SUCCEEDED', async (manager) => {
      const version = await this.registration.register(manager, { modelId: run.modelId, runId: run.id, artifact });
      return { versionId: version.id, metrics: version.metrics, message: `version ${version.number}` };
    });
  }

  private async fail(lease: Lease, failure: string): Promise<void> {
    await this.runs.finish(lease, 'FAILED', () => ({ failure, message: 'failed' }));
  }
}

/** An artifact of another order must not be taken for the answer to this one. */
function checkOrigin({ manifest }: StoredArtifact, run: TrainingRun): void {
  const matches =
    manifest.algorithm === run.algorithm &&
    manifest.seed === run.seed &&
    manifest.dataset.versionId === run.datasetVersionId;
  if (matches) return;
  throw new AppError('INVALID_STATE', 'The artifact came from another training than this run. Start the run again.');
}

/** Trying again would end the same way. */
function isForGood(error: unknown): boolean {
  if (!(error instanceof AppError)) return isRefusedByDatabase(error);
  return ['BAD_INPUT', 'NOT_FOUND', 'INVALID_STATE', 'LIMIT_EXCEEDED'].includes(error.code);
}
