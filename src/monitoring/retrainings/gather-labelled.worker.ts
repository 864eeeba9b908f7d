import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inject, Logger } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { ExtractionRequests } from '../../datasets/extraction-requests.js';
import { AppError } from '../../errors/app-error.js';
import { toPublicError } from '../../errors/public-error.js';
import { inputColumns, type Signature } from '../../ml/schema/signature.js';
import type { Model } from '../../models/model.entity.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { HandlesJob, type JobContext, type JobHandler } from '../../platform/queue/job-handler.js';
import { LabelledPredictions } from '../../predictions/outcomes/labelled-predictions.js';
import { type LearningContract, writeLabelledLines, writeLearningFile } from './labelled-file.js';
import { LabelledGatherings } from './labelled-gatherings.js';
import { learningDataset } from './learning-dataset.js';
import { gatherLabelledJob } from './retrainings.jobs.js';
import type { Retraining } from './retraining.entity.js';

/** Workers that may die on it before it is to blame. */
const MAX_ATTEMPTS = 3;
/** With fewer, a model learned from labelled predictions alone could not be judged. */
const MINIMUM_ROWS = 200;
const LONG_AGO = new Date(0);

/**
 * Gathers the labelled predictions of a model, with a snapshot of its source or without, into a version of a dataset
 * that the system keeps. It may be killed at any point: the version and the retraining that waits for it are one commit.
 */
@HandlesJob(gatherLabelledJob)
export class GatherLabelledWorker implements JobHandler<{ retrainingId: string }> {
  private readonly logger = new Logger('Retraining');

  constructor(
    private readonly gatherings: LabelledGatherings,
    private readonly registry: ModelRegistry,
    private readonly datasets: DatasetsService,
    private readonly requests: ExtractionRequests,
    private readonly labelled: LabelledPredictions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async handle({ retrainingId }: { retrainingId: string }, context: JobContext): Promise<void> {
    const row = await this.gatherings.takeUp(retrainingId);
    if (!row) return;
    if (row.attempts > MAX_ATTEMPTS) {
      const advice = 'Most likely memory ran out: give the worker more.';
      const message = `The worker ended ${MAX_ATTEMPTS} times while it gathered labelled predictions. ${advice}`;
      return this.gatherings.end(retrainingId, { state: 'FAILED', message });
    }
    // The name is the same for every attempt, so what a killed one left behind is found and removed.
    const folder = join(tmpdir(), `boucle-retraining-${retrainingId}`);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      await this.gather(row, folder, context.signal);
    } catch (error) {
      await this.afterError(retrainingId, error, context);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async gather(row: Retraining, folder: string, signal: AbortSignal): Promise<void> {
    const model = await this.registry.modelById(row.modelId);
    const { signature } = await this.registry.resolve({ model: model.name });
    const lines = join(folder, 'labelled.ndjson');
    const rows = await writeLabelledLines(lines, signature, this.labelled.stream(model.id, LONG_AGO, signal), signal);
    if (row.data === 'LOGGED' && rows < MINIMUM_ROWS) {
      const message = `${rows} predictions have an outcome; ${MINIMUM_ROWS} are needed to learn from them alone. Send more outcomes, or let the policy retrain on the source, too.`;
      return this.gatherings.end(row.id, { state: 'NO_NEW_DATA', message });
    }
    const session = await DuckDbSession.open({ folder, memoryLimit: this.config.DUCKDB_MEMORY_LIMIT });
    try {
      const source = await this.sourceOf(row, folder, signal);
      const path = await writeLearningFile(session, contractOf(model, signature), { folder, lines, ...source }, signal);
      await this.ingest(row, model, path, signal);
    } finally {
      session.close();
    }
  }

  private async sourceOf(row: Retraining, folder: string, signal: AbortSignal): Promise<{ source?: string }> {
    if (row.sourceVersionId === null) return {};
    const source = join(folder, 'source.parquet');
    await this.datasets.download(await this.datasets.versionById(row.sourceVersionId), source, signal);
    return { source };
  }

  private async ingest(row: Retraining, model: Model, path: string, signal: AbortSignal): Promise<void> {
    const file = { dataset: learningDataset(model, row.data), path, format: 'PARQUET' } as const;
    await this.requests.ingestFile(
      file,
      (manager, version) => this.gatherings.wait(manager, row.id, version.id),
      signal,
    );
  }

  /** Ends the retraining, or hands it back and throws, for the job to be tried again: only silent deaths count. */
  private async afterError(id: string, error: unknown, { signal, isLastAttempt }: JobContext): Promise<void> {
    const isForGood =
      error instanceof AppError && ['BAD_INPUT', 'NOT_FOUND', 'INVALID_STATE', 'LIMIT_EXCEEDED'].includes(error.code);
    if (isLastAttempt || (isForGood && !signal.aborted)) {
      this.logger.error({ err: error, retrainingId: id }, 'labelled predictions could not be gathered');
      const message = `The labelled predictions could not be gathered: ${toPublicError(error).message}`;
      return this.gatherings.end(id, { state: 'FAILED', message });
    }
    await this.gatherings.handBack(id);
    throw error;
  }
}

/** A column that orders rows by time need not be a feature: predictions then have none, but the time they were made. */
function contractOf({ split }: Model, signature: Signature): LearningContract {
  const isSent = (column: string): boolean => inputColumns(signature.features).includes(column);
  return split.method === 'TIME' && !isSent(split.column) ? { ...signature, timeColumn: split.column } : signature;
}
