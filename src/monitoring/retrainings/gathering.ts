import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DatasetVersion, isReady, type ReadyVersion } from '../../datasets/dataset-version.entity.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { ExtractionRequests } from '../../datasets/extraction-requests.js';
import { AppError } from '../../errors/app-error.js';
import type { Model } from '../../models/model.entity.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { gatherLabelledJob } from './retrainings.jobs.js';
import type { RetrainingStep } from './retraining-step.js';
import type { Retraining } from './retraining.entity.js';
import { RetrainingStart } from './retraining-start.js';

/** GATHERING: from the decision to the snapshot that is learned from. */
@Injectable()
export class Gathering {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly requests: ExtractionRequests,
    private readonly start: RetrainingStart,
    private readonly queue: JobQueue,
  ) {}

  async next(manager: EntityManager, row: Retraining, model: Model): Promise<RetrainingStep> {
    if (row.extractionId !== null) return this.afterExtraction(manager, row, model, row.extractionId);
    if (needsSource(row)) return this.extractSource(manager, row, model);
    // Where the job waits or runs already, this one is dropped; where its workers all died, it begins again.
    await this.queue.enqueue(manager, gatherLabelledJob, row.id, { retrainingId: row.id });
    return waiting('waiting for the labelled predictions');
  }

  /** The dataset's source anew, or, where people upload files, what they uploaded last. */
  private async extractSource(manager: EntityManager, row: Retraining, model: Model): Promise<RetrainingStep> {
    const { datasetId } = model;
    const source = (await this.datasets.currentSources([datasetId], manager)).get(datasetId);
    if (source?.kind === 'UPLOAD') {
      const latest = await this.datasets.latestReadyVersion(datasetId);
      if (latest) return this.withSource(manager, row, model, latest);
      return failed('The dataset has no version to learn from. Upload a file.');
    }
    try {
      const { id: extractionId } = await this.requests.startWithin(manager, datasetId);
      return { ...waiting('extracting the source anew'), changes: { extractionId } };
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
      // It may have begun before what the window shows was in the source, so the next one is waited for.
      return waiting('waiting for the end of an extraction that was going on already');
    }
  }

  private async afterExtraction(
    manager: EntityManager,
    row: Retraining,
    model: Model,
    extractionId: string,
  ): Promise<RetrainingStep> {
    const extraction = await manager.findOneBy(DatasetVersion, { id: extractionId });
    if (!extraction) return failed('The extraction of its data was deleted.');
    // Its failure may quote values, which not everybody may see who sees this message.
    if (extraction.state === 'FAILED') return failed(`The extraction of its data failed: ${readMore(extractionId)}`);
    if (extraction.state === 'CANCELLED') {
      return { state: 'CANCELLED', message: 'The extraction of its data was cancelled.' };
    }
    const snapshot = await snapshotOf(manager, extraction);
    if (!snapshot) return waiting(row.message);
    return needsSource(row)
      ? this.withSource(manager, row, model, snapshot)
      : this.start.on(manager, row, model, snapshot);
  }

  private async withSource(
    manager: EntityManager,
    row: Retraining,
    model: Model,
    source: ReadyVersion,
  ): Promise<RetrainingStep> {
    if (row.data !== 'BOTH') return this.start.on(manager, row, model, source);
    const changes = { sourceVersionId: source.id, extractionId: null };
    return { ...waiting('waiting for the labelled predictions'), changes };
  }
}

/** BOTH begins with the source, too. */
function needsSource({ data, sourceVersionId }: Retraining): boolean {
  return data === 'SOURCE' || (data === 'BOTH' && sourceVersionId === null);
}

/** What came of an extraction; undefined while it goes on. */
async function snapshotOf(manager: EntityManager, extraction: DatasetVersion): Promise<ReadyVersion | undefined> {
  if (isReady(extraction)) return extraction;
  if (extraction.state !== 'UNCHANGED') return undefined;
  const same = await manager.findOneBy(DatasetVersion, { id: extraction.sameAsId ?? extraction.id });
  if (same && isReady(same)) return same;
  throw new AppError('NOT_FOUND', 'The dataset version with the same content was deleted meanwhile.');
}

function readMore(extractionId: string): string {
  return `datasetVersion(id: "${extractionId}") says why. Mend the source; the next check decides anew.`;
}

function waiting(message: string): RetrainingStep {
  return { state: 'GATHERING', message };
}

function failed(message: string): RetrainingStep {
  return { state: 'FAILED', message };
}
