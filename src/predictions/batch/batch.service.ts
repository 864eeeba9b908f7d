import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { AppError } from '../../errors/app-error.js';
import { lockModel } from '../../models/locked-model.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { scoreBatchJob } from './batch.jobs.js';
import type { StartBatchPrediction } from './batch.types.js';
import { BatchPrediction } from './batch-prediction.entity.js';
import { batchKey, BatchPredictions } from './batch-predictions.js';
import { scoredColumns } from './scored-columns.js';

/** Starts, cancels, deletes and lists batches, and opens their files. */
@Injectable()
export class BatchService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @InjectRepository(BatchPrediction) private readonly rows: Repository<BatchPrediction>,
    private readonly batches: BatchPredictions,
    private readonly registry: ModelRegistry,
    private readonly datasets: DatasetsService,
    private readonly queue: JobQueue,
    private readonly objects: ObjectStore,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError NOT_FOUND or INVALID_STATE for model or data; BAD_INPUT for columns that don't suit the model. */
  async start(input: StartBatchPrediction, actor: Principal): Promise<BatchPrediction> {
    const version = await this.registry.resolve({ model: input.model, version: input.version });
    const data = await this.datasets.versionByNumber(
      input.dataset ?? (await this.datasetOf(version.modelId)),
      input.datasetVersion,
    );
    scoredColumns(version.signature, data.schema);
    const id = uuidv7();
    return this.dataSource.transaction(async (manager) => {
      await lockModel(manager, { id: version.modelId });
      await manager.insert(BatchPrediction, {
        id,
        modelId: version.modelId,
        versionId: version.versionId,
        datasetVersionId: data.id,
        state: 'QUEUED',
        message: 'waiting for a worker',
        requestedBy: actor.userId,
      });
      await this.queue.enqueue(manager, scoreBatchJob, id, { batchId: id });
      const details = { model: version.modelName, version: version.version, datasetVersionId: data.id };
      await this.record(manager, actor, 'batch_prediction.started', id, details);
      // Within the transaction: after it, a worker may have begun already.
      return manager.findOneByOrFail(BatchPrediction, { id });
    });
  }

  /** @throws AppError NOT_FOUND, or INVALID_STATE for one that has ended. */
  async cancel(id: string, actor: Principal): Promise<BatchPrediction> {
    const { state } = await this.batches.byId(id);
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.batches.cancel(manager, id))) {
        throw new AppError('INVALID_STATE', `Batch prediction ${id} is ${state}. Nothing is left to cancel.`);
      }
      await this.record(manager, actor, 'batch_prediction.cancelled', id);
    });
    return this.batches.byId(id);
  }

  /** @throws AppError NOT_FOUND, or INVALID_STATE for one that goes on. */
  async delete(id: string, actor: Principal): Promise<void> {
    const { state, versionId, datasetVersionId } = await this.batches.byId(id);
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.batches.delete(manager, id))) {
        const message = `Batch prediction ${id} is ${state}. Call cancelBatchPrediction first, or wait.`;
        throw new AppError('INVALID_STATE', message);
      }
      await this.record(manager, actor, 'batch_prediction.deleted', id, { versionId, datasetVersionId });
    });
  }

  /** Of one model or of all, newest first. */
  async list(modelName: string | undefined, page: PageArgs): Promise<Page<BatchPrediction>> {
    const query = this.rows.createQueryBuilder('batch');
    if (modelName !== undefined) query.where({ modelId: (await this.registry.modelByName(modelName)).id });
    return paginate(query, 'batch', page);
  }

  /** @throws AppError NOT_FOUND, or INVALID_STATE for one without a file. */
  async open(id: string, actor: Principal): Promise<{ readonly stream: Readable; readonly bytes: number }> {
    const { state, bytes } = await this.batches.byId(id);
    if (bytes === null) {
      throw new AppError('INVALID_STATE', `Batch prediction ${id} is ${state}. It has a file once it is SUCCEEDED.`);
    }
    const stream = await this.objects.read(batchKey(id));
    await this.record(this.dataSource.manager, actor, 'batch_prediction.downloaded', id);
    return { stream, bytes };
  }

  private async datasetOf(modelId: string): Promise<string> {
    const { name, datasetId } = await this.registry.modelById(modelId);
    const dataset = (await this.datasets.byIds([datasetId])).get(datasetId);
    if (dataset) return dataset.name;
    throw new AppError('NOT_FOUND', `The dataset of model ${name} was deleted a moment ago.`);
  }

  private record(
    manager: EntityManager,
    actor: Principal,
    action: string,
    id: string,
    details?: Record<string, unknown>,
  ): Promise<void> {
    const subject = { kind: 'batch_prediction', id };
    return this.audit.record(manager, { actor, action, subject, ...(details && { details }) });
  }
}
