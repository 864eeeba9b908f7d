import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inject, Logger } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { AppError } from '../../errors/app-error.js';
import { toPublicError } from '../../errors/public-error.js';
import { writeArchive } from '../../models/artifact/archive.js';
import { MANIFEST_FILE, ONNX_FILE, REFERENCE_FILE } from '../../models/artifact/manifest.js';
import { ModelRegistration } from '../../models/model-registration.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { HandlesJob, type JobContext, type JobHandler } from '../../platform/queue/job-handler.js';
import { ModelUploads } from './model-uploads.js';
import { DATA_FILE, MODEL_FOLDER, UPLOADED_FILE } from './proof/proof-order.js';
import { proveInProcess, type ProofOutcome } from './proof/prove-in-process.js';
import { registerVersionJob } from './registration.jobs.js';
import { type Lease, Registrations } from './registrations.js';
import type { VersionRegistration } from './version-registration.entity.js';

/** Workers that may die on one registration before it is to blame. */
const MAX_ATTEMPTS = 3;
const STOPPED =
  'The worker was stopped during this check. If it does not begin again by itself, register the file again.';

/** Has uploaded files proven, and makes versions of those that are fit. It may be killed at any point. */
@HandlesJob(registerVersionJob)
export class RegistrationWorker implements JobHandler<{ registrationId: string }> {
  private readonly logger = new Logger('Registration');

  constructor(
    private readonly registrations: Registrations,
    private readonly uploads: ModelUploads,
    private readonly registry: ModelRegistry,
    private readonly datasets: DatasetsService,
    private readonly registration: ModelRegistration,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async handle({ registrationId }: { registrationId: string }, context: JobContext): Promise<void> {
    const taken = await this.registrations.takeUp(registrationId);
    if (!taken) return;
    if (taken.registration.attempts > MAX_ATTEMPTS) {
      const failure = `The worker ended ${MAX_ATTEMPTS} times during this check. Give it more memory, or register a smaller model.`;
      return this.registrations.end(taken, 'FAILED', failure);
    }
    // The name is the same for every attempt, so what a killed one left behind is found and removed.
    const folder = join(tmpdir(), `boucle-registration-${registrationId}`);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      await this.register(taken, taken.registration, folder, context.signal);
    } catch (error) {
      await this.afterError(taken, error, context);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async register(
    lease: Lease,
    registration: VersionRegistration,
    folder: string,
    signal: AbortSignal,
  ): Promise<void> {
    const outcome = await this.prove(registration, folder, signal);
    if (outcome.kind === 'REFUSED') {
      const { reason, output } = outcome;
      this.logger.warn({ registrationId: registration.id, reason, output }, 'a model file was refused');
      return this.registrations.end(lease, 'REFUSED', reason);
    }
    const archive = join(folder, 'model.tar.gz');
    await writeArchive(join(folder, MODEL_FOLDER), [ONNX_FILE, REFERENCE_FILE, MANIFEST_FILE], archive);
    const { modelId, id: registrationId } = registration;
    const artifact = await this.registration.store(modelId, archive);
    await this.registrations.complete(lease, (manager) =>
      this.registration.register(manager, { modelId, origin: { registrationId }, artifact }),
    );
  }

  private async prove(registration: VersionRegistration, folder: string, signal: AbortSignal): Promise<ProofOutcome> {
    const { modelId, fileSha256, classes, datasetVersionId } = registration;
    const { task, target, features, split } = await this.registry.modelById(modelId);
    const version = await this.datasets.versionById(datasetVersionId);
    await this.uploads.download(modelId, fileSha256, join(folder, UPLOADED_FILE), signal);
    await this.datasets.download(version, join(folder, DATA_FILE), signal);
    const { ONNX_TIMEOUT_SECONDS, ONNX_MEMORY_BYTES, DUCKDB_MEMORY_LIMIT } = this.config;
    const order = {
      folder,
      memoryLimit: DUCKDB_MEMORY_LIMIT,
      columns: { task, target, features, split },
      classes,
      dataset: { versionId: version.id, number: version.number, contentHash: version.contentHash },
    };
    const limits = { timeoutMs: ONNX_TIMEOUT_SECONDS * 1000, memoryBytes: ONNX_MEMORY_BYTES };
    return proveInProcess(order, limits, signal);
  }

  /** Ends it, or hands it back and throws, for the job to be tried again: only silent deaths count as attempts. */
  private async afterError(lease: Lease, error: unknown, { signal, isLastAttempt }: JobContext): Promise<void> {
    const reason = signal.aborted ? STOPPED : toPublicError(error).message;
    const isForGood = error instanceof AppError && error.code !== 'UPSTREAM_FAILED';
    if (isLastAttempt || (!signal.aborted && isForGood)) {
      this.logger.error({ err: error, registrationId: lease.registrationId }, 'a model file could not be checked');
      return this.registrations.end(lease, 'FAILED', reason);
    }
    await this.registrations.handBack(lease, `waiting for the next attempt. ${reason}`);
    throw error;
  }
}
