import { Logger } from '@nestjs/common';
import { DatasetsService } from '../datasets/datasets.service.js';
import { AppError } from '../errors/app-error.js';
import { type JobContext, type JobHandler, HandlesJob } from '../platform/queue/job-handler.js';
import { ModelRegistration, type StoredArtifact } from '../models/model-registration.js';
import { ModelRegistry } from '../models/model-registry.js';
import { FOREIGN } from '../models/algorithm.js';
import type { JobOutcome, TrainingBackend, TrainingJob } from './backend/training-backend.js';
import { TrainingBackends } from './backend/training-backends.js';
import { MAX_ATTEMPTS } from './job-failure.js';
import { type Following, JobFollower } from './job-follower.js';
import type { Lease } from '../platform/database/leased-rows.js';
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
    private readonly jobs: JobFollower,
    private readonly datasets: DatasetsService,
    private readonly registry: ModelRegistry,
    private readonly registration: ModelRegistration,
    private readonly channels: ScriptChannels,
    private readonly scriptModels: ScriptModels,
  ) {}

  async handle({ runId }: { runId: string }, context: JobContext): Promise<void> {
    const taken = await this.runs.takeUp(runId);
    if (!taken) return this.jobs.endCancellation(this.runs, runId, context.signal);
    const { run } = taken;
    const backend = this.backends.of(run.backend);
    if (run.attempts > MAX_ATTEMPTS && !backend.outlivesWorker) {
      await this.runs.fail(
        taken,
        `The worker ended ${MAX_ATTEMPTS} times during this training, most likely because memory ran out. Train on fewer rows or features, or give the worker more memory.`,
      );
      return;
    }
    try {
      await this.train(taken, run, backend, context.signal);
    } catch (error) {
      await this.jobs.afterError(this.runs, taken, backend, { error, context });
    }
  }

  private async train(lease: Lease, run: TrainingRun, backend: TrainingBackend, signal: AbortSignal): Promise<void> {
    const following: Following<void> = {
      working: 'RUNNING',
      note: (changes) => this.runs.report(lease, changes),
      conclude: (outcome) => this.conclude(lease, run, outcome, signal),
    };
    await this.jobs.follow(backend, await this.jobOf(run, signal), following, signal);
  }

  private async jobOf(run: TrainingRun, signal: AbortSignal): Promise<TrainingJob> {
    const model = await this.registry.modelById(run.modelId);
    const version = await this.datasets.versionById(run.datasetVersionId);
    const { algorithm, seed, hyperparameters, image } = run;
    const spec = specOf(model, version, run);
    const fetchData: TrainingJob['fetchData'] = (path, stop) => this.datasets.download(version, path, stop);
    return {
      id: run.id,
      order: { algorithm, seed, hyperparameters, spec },
      dataKey: version.objectKey,
      fetchData,
      ...(image !== null && {
        script: { image, channels: await this.channels.provide(run.id, spec, fetchData, signal) },
      }),
    };
  }

  private async conclude(lease: Lease, run: TrainingRun, outcome: JobOutcome, signal: AbortSignal): Promise<void> {
    if (outcome.kind === 'FAILED') return this.runs.fail(lease, outcome.reason);
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
      return this.runs.fail(lease, `The model that the training script left cannot serve. ${reason}`);
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
