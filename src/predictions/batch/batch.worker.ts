import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inject, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { isForGood } from '../../errors/is-for-good.js';
import { toPublicError } from '../../errors/public-error.js';
import { ModelArtifacts } from '../../models/artifact/model-artifacts.js';
import { ModelVersion } from '../../models/model-version.entity.js';
import type { Lease } from '../../platform/database/leased-rows.js';
import { HandlesJob, type JobContext, type JobHandler } from '../../platform/queue/job-handler.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { scoreBatchJob } from './batch.jobs.js';
import type { BatchPrediction } from './batch-prediction.entity.js';
import { batchKey, BatchPredictions } from './batch-predictions.js';
import { ROWS_FILE, SCORED_FILE } from './score-file.js';
import { scoreInProcess } from './score-in-process.js';

/** Workers that may die on one batch before the batch is to blame. */
const MAX_ATTEMPTS = 3;

/** Scores batches. It may be killed at any point: whoever takes the batch up next begins again. */
@HandlesJob(scoreBatchJob)
export class BatchWorker implements JobHandler<{ batchId: string }> {
  private readonly logger = new Logger('BatchPredictions');

  constructor(
    private readonly batches: BatchPredictions,
    private readonly datasets: DatasetsService,
    private readonly artifacts: ModelArtifacts,
    private readonly objects: ObjectStore,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async handle({ batchId }: { batchId: string }, context: JobContext): Promise<void> {
    const taken = await this.batches.takeUp(batchId);
    if (!taken) return;
    if (taken.batch.attempts > MAX_ATTEMPTS) {
      const failure = `The worker ended ${MAX_ATTEMPTS} times during this batch, most likely because memory ran out. Give it more memory.`;
      return this.batches.fail(taken, failure);
    }
    // The name is the same for every attempt, so what a killed one left behind is found and removed.
    const folder = join(tmpdir(), `boucle-batch-${batchId}`);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      await this.score(taken, taken.batch, folder, context.signal);
    } catch (error) {
      await this.afterError(taken, error, context);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async score(lease: Lease, batch: BatchPrediction, folder: string, signal: AbortSignal): Promise<void> {
    const cancelled = new AbortController();
    const stop = AbortSignal.any([signal, cancelled.signal]);
    const { artifactKey, artifactSha256, signature } = await this.dataSource.manager.findOneByOrFail(ModelVersion, {
      id: batch.versionId,
    });
    const { onnx } = await this.artifacts.load(artifactKey, artifactSha256, stop);
    await this.datasets.download(
      await this.datasets.versionById(batch.datasetVersionId),
      join(folder, ROWS_FILE),
      stop,
    );
    const order = { folder, memoryLimit: this.config.DUCKDB_MEMORY_LIMIT, onnx, signature };
    try {
      const result = await scoreInProcess(order, stop, (done, total) => {
        void this.report(lease, done, total, cancelled);
      });
      const key = batchKey(batch.id);
      await this.objects.putFile(key, join(folder, SCORED_FILE), stop);
      const stored = await this.objects.stat(key);
      await this.batches.complete(lease, result, stored!.bytes);
    } catch (error) {
      if (!cancelled.signal.aborted) throw error;
    }
  }

  /** A database that is away for a while is no reason to give up. */
  private async report(lease: Lease, done: number, total: number, cancelled: AbortController): Promise<void> {
    try {
      const message = total > 0 && done === total ? 'writing the file' : `${done} of ${total} rows`;
      if (!(await this.batches.report(lease, total === 0 ? 0 : done / total, message))) cancelled.abort();
    } catch (error) {
      this.logger.warn({ err: error, batchId: lease.id }, 'the progress of a batch could not be written');
    }
  }

  private async afterError(lease: Lease, error: unknown, { signal, isLastAttempt }: JobContext): Promise<void> {
    const reason = signal.aborted ? 'The worker was stopped.' : toPublicError(error).message;
    if (isLastAttempt || (!signal.aborted && isForGood(error))) {
      this.logger.error({ err: error, batchId: lease.id }, 'a batch failed');
      return this.batches.fail(lease, reason);
    }
    await this.batches.handBack(lease, `waiting for the next attempt. ${reason}`);
    throw error;
  }
}
