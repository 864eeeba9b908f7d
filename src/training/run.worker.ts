import { Logger } from '@nestjs/common';
import { DatasetsService } from '../datasets/datasets.service.js';
import { AppError } from '../errors/app-error.js';
import { type JobContext, type JobHandler, HandlesJob } from '../platform/queue/job-handler.js';
import { ModelRegistration, type StoredArtifact } from '../models/model-registration.js';
import { ModelRegistry } from '../models/model-registry.js';
import { FOREIGN } from '../models/algorithm.js';
import type { JobOutcome, TrainingBackend, TrainingJob } from './backend/training-backend.js';
import { TrainingBackends } from './backend/training-backends.js';
import { failureOf, MAX_ATTEMPTS } from './job-failure.js';
import type { Lease } from '../platform/database/leased-rows.js';
import { billingOf, progressOf, reportWhile } from './report-while.js';
import { ScriptChannels } from './script/script-channels.js';
import { ScriptModels } from './script/script-models.js';
import { trainJob } from './training.jobs.js';
import { TrainingRuns } from './training-runs.js';
import { specOf } from './training-spec.js';
import type { TrainingRun } from './training-run.entity.js';

/**
 * Follows training runs. It may be killed at any point: whoever takes the job up next begins the run again, or follows
 * on where the backend's jobs outlive their worker.
 */
@HandlesJob(trainJob)
export class RunWorker implements JobHandler<{ runId: string }> {
  private readonly logger = new Logger('Training');

  constructor(
    private readonly runs: TrainingRuns,
    private readonly backends: TrainingBackends,
    private readonly datasets: DatasetsService,
    private readonly registry: ModelRegistry,
    private readonly registration: ModelRegistration,
    private readonly channels: ScriptChannels,
    private readonly scriptModels: ScriptModels,
  ) {}

  async handle({ runId }: { runId: string }, context: JobContext): Promise<void> {
    const taken = await this.runs.takeUp(runId);
    if (!taken) return this.endCancellation(runId);
    const { run } = taken;
    const backend = this.backends.of(run.backend);
    if (run.attempts > MAX_ATTEMPTS && !backend.outlivesWorker) {
      await this.fail(
        taken,
        `The worker ended ${MAX_ATTEMPTS} times during this training, most likely because memory ran out. Train on fewer rows or features, or give the worker more memory.`,
      );
      return;
    }
    try {
      await this.train(taken, run, backend, context.signal);
    } catch (error) {
      await this.afterError(taken, backend, error, context);
    }
  }

  /** Fails the run, or hands it back and throws, for the job to be tried again: only silent deaths count as attempts. */
  private async afterError(lease: Lease, backend: TrainingBackend, error: unknown, context: JobContext): Promise<void> {
    const { reason, isFinal } = failureOf(error, context);
    if (isFinal) {
      this.logger.error({ err: error, runId: lease.id }, 'the training run failed');
      if (backend.outlivesWorker) await this.stopJob(lease.id, backend);
      await this.fail(lease, reason);
      return this.discard(lease.id, backend);
    }
    await this.runs.handBack(lease, `waiting for the next attempt. ${reason}`);
    throw error;
  }

  /** Nobody would follow a job any more that costs as long as it runs. */
  private async stopJob(runId: string, backend: TrainingBackend): Promise<void> {
    await backend.cancel(runId).catch((error: unknown) => {
      this.logger.error(
        { err: error, runId },
        'the job of a failed run could not be stopped; look for it at the backend',
      );
    });
  }

  /** Ends a cancellation whose worker died before it could; the job may have outlived it. */
  private async endCancellation(runId: string): Promise<void> {
    const run = await this.runs.cancelling(runId);
    if (!run) return;
    const backend = this.backends.of(run.backend);
    if (backend.outlivesWorker) await backend.cancel(runId);
    await this.runs.endCancellation(runId);
  }

  private async train(lease: Lease, run: TrainingRun, backend: TrainingBackend, signal: AbortSignal): Promise<void> {
    const name = await backend.submit(await this.jobOf(run, signal), signal);
    try {
      const outcome = await this.follow(lease, backend, name, signal);
      await this.conclude(lease, run, outcome, signal);
    } finally {
      await backend.release(name);
    }
    await this.discard(run.id, backend);
  }

  /** Only now: until the run has ended, another worker may need the model that the job left. */
  private async discard(runId: string, backend: TrainingBackend): Promise<void> {
    await backend.discard(runId).catch((error: unknown) => {
      this.logger.warn(
        { err: error, runId },
        'what the run left in the object store stays there until a rule removes it',
      );
    });
  }

  private async jobOf(run: TrainingRun, signal: AbortSignal): Promise<TrainingJob> {
    const model = await this.registry.modelById(run.modelId);
    const version = await this.datasets.versionById(run.datasetVersionId);
    const { algorithm, seed, hyperparameters, image } = run;
    const spec = specOf(model, version, run);
    const fetchData: TrainingJob['fetchData'] = (path, stop) => this.datasets.download(version, path, stop);
    return {
      runId: run.id,
      order: { algorithm, seed, hyperparameters, spec },
      dataKey: version.objectKey,
      fetchData,
      ...(image !== null && {
        script: { image, channels: await this.channels.provide(run.id, spec, fetchData, signal) },
      }),
    };
  }

  /**
   * Writes progress until the job ends, and passes a wish to cancel on. A database that is away for a while is no reason
   * to give up hours of work.
   */
  private async follow(lease: Lease, backend: TrainingBackend, name: string, signal: AbortSignal): Promise<JobOutcome> {
    let written = '';
    return reportWhile(backend.follow(name, signal), async (isLast) => {
      const status = backend.status(name);
      const changes = { ...progressOf(status), ...billingOf(status), externalName: status.externalName };
      const text = JSON.stringify(changes);
      try {
        const state = await this.runs.report(lease, text === written ? {} : changes);
        written = text;
        if (!isLast && state !== 'RUNNING') await backend.cancel(name);
      } catch (error) {
        this.logger.warn({ err: error, runId: lease.id }, 'progress could not be written');
      }
    });
  }

  private async conclude(lease: Lease, run: TrainingRun, outcome: JobOutcome, signal: AbortSignal): Promise<void> {
    if (outcome.kind === 'FAILED') return this.fail(lease, outcome.reason);
    if (outcome.kind === 'STOPPED') return this.runs.finish(lease, 'CANCELLED');
    if (run.algorithm !== FOREIGN) return this.register(lease, run, outcome.archive);
    await this.runs.report(lease, { message: 'checking and measuring the model' });
    let told = Promise.resolve();
    const say = (phase: string): void => {
      told = told.then(() => this.tell(lease, `checking the model: ${phase}`));
    };
    await this.scriptModels.prove(run, outcome.archive, signal, say, async (proof) => {
      await told;
      if (proof.kind === 'PROVEN') return this.register(lease, run, proof.archive);
      const { reason, output } = proof;
      this.logger.warn({ runId: run.id, reason, output }, 'the model of a training script was refused');
      return this.fail(lease, `The model that the training script left cannot serve. ${reason}`);
    });
  }

  /** What a run is at; where that can not be written, it goes on all the same. */
  private async tell(lease: Lease, message: string): Promise<void> {
    try {
      await this.runs.report(lease, { message });
    } catch (error) {
      this.logger.warn({ err: error, runId: lease.id }, 'progress could not be written');
    }
  }

  private async register(lease: Lease, run: TrainingRun, archive: string): Promise<void> {
    const mayRegister = await this.runs.advance(lease, 'REGISTERING', { progress: 1, message: 'registering' });
    if (!mayRegister) return this.runs.finish(lease, 'CANCELLED');
    const artifact = await this.registration.store(run.modelId, archive);
    checkOrigin(artifact, run);
    await this.runs.finish(lease, 'SUCCEEDED', async (manager) => {
      const version = await this.registration.register(manager, {
        modelId: run.modelId,
        origin: { runId: run.id },
        artifact,
      });
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
