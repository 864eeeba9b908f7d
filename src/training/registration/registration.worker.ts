import { Logger } from '@nestjs/common';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { AppError } from '../../errors/app-error.js';
import { toPublicError } from '../../errors/public-error.js';
import { ModelRegistration } from '../../models/model-registration.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { HandlesJob, type JobContext, type JobHandler } from '../../platform/queue/job-handler.js';
import { reportWhile } from '../report-while.js';
import { ModelProofs } from './model-proofs.js';
import { ModelUploads } from './model-uploads.js';
import type { ProofPhase } from './proof/proof-order.js';
import { registerVersionJob } from './registration.jobs.js';
import { type Lease, REGISTERING, Registrations } from './registrations.js';
import type { VersionRegistration } from './version-registration.entity.js';

/** Workers that may die on one registration before it is to blame. */
const MAX_ATTEMPTS = 3;
const STOPPED =
  'The worker was stopped during this check. If it does not begin again by itself, register the file again.';

/** What a registration is at. */
interface Progress {
  message: string;
}

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
    private readonly proofs: ModelProofs,
  ) {}

  async handle({ registrationId }: { registrationId: string }, context: JobContext): Promise<void> {
    const taken = await this.registrations.takeUp(registrationId);
    if (!taken) return this.proofs.discard(registrationId); // It ended while its worker was dead.
    if (taken.registration.attempts > MAX_ATTEMPTS) {
      const failure = `The worker ended ${MAX_ATTEMPTS} times during this check. Give it more memory, or register a smaller model.`;
      return this.registrations.end(taken, 'FAILED', failure);
    }
    const progress: Progress = { message: taken.registration.message };
    try {
      await this.unlessCancelled(taken, progress, context.signal, (stop) =>
        this.register(taken, taken.registration, progress, stop),
      );
    } catch (error) {
      await this.afterError(taken, error, context);
    }
  }

  private async register(
    lease: Lease,
    registration: VersionRegistration,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    const { id: registrationId, modelId, fileSha256, classes, datasetVersionId } = registration;
    const { task, target, features, split } = await this.registry.modelById(modelId);
    const unproven = {
      id: registrationId,
      columns: { task, target, features, split },
      version: await this.datasets.versionById(datasetVersionId),
      classes,
      say: (phase: ProofPhase) => {
        progress.message = phase;
      },
      fetch: (path: string) => this.uploads.download(modelId, fileSha256, path, signal),
    };
    await this.proofs.prove(unproven, signal, async (proof) => {
      if (proof.kind === 'REFUSED') {
        const { reason, output } = proof;
        this.logger.warn({ registrationId, reason, output }, 'a model file was refused');
        return this.registrations.end(lease, 'REFUSED', reason);
      }
      progress.message = REGISTERING;
      if (!(await this.registrations.report(lease, REGISTERING))) return;
      const artifact = await this.registration.store(modelId, proof.archive);
      await this.registrations.complete(lease, (manager) =>
        this.registration.register(manager, { modelId, origin: { registrationId }, artifact }),
      );
    });
  }

  /** Writes what is done, and stops the work once it was cancelled, or another worker took it up. */
  private async unlessCancelled(
    lease: Lease,
    progress: Progress,
    signal: AbortSignal,
    work: (stop: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const cancelled = new AbortController();
    const stop = AbortSignal.any([signal, cancelled.signal]);
    let written = progress.message;
    try {
      await reportWhile(work(stop), async () => {
        const { message } = progress;
        if (!(await this.isHeld(lease, message === written ? undefined : message))) cancelled.abort();
        written = message;
      });
    } catch (error) {
      if (!cancelled.signal.aborted || signal.aborted) throw error;
    }
  }

  /** A database that is away for a while is no reason to give up. */
  private async isHeld(lease: Lease, news?: string): Promise<boolean> {
    try {
      return news === undefined ? await this.registrations.holds(lease) : await this.registrations.report(lease, news);
    } catch (error) {
      const { registrationId } = lease;
      this.logger.warn({ err: error, registrationId }, 'whether a registration goes on could not be looked up');
      return true;
    }
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
