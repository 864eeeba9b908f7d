import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { AppError } from '../../errors/app-error.js';
import { lockModel } from '../../models/locked-model.js';
import { checkColumns } from '../../models/model-columns.js';
import type { Model } from '../../models/model.entity.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { type ModelUpload, ModelUploads } from './model-uploads.js';
import { registerVersionJob } from './registration.jobs.js';
import type { RegisterModelVersion } from './registration.types.js';
import { Registrations } from './registrations.js';
import { VersionRegistration } from './version-registration.entity.js';

/** Takes files in, and starts and lists their registrations. */
@Injectable()
export class RegistrationService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @InjectRepository(VersionRegistration) private readonly registrations: Repository<VersionRegistration>,
    private readonly states: Registrations,
    private readonly uploads: ModelUploads,
    private readonly registry: ModelRegistry,
    private readonly datasets: DatasetsService,
    private readonly queue: JobQueue,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError NOT_FOUND for the model; LIMIT_EXCEEDED or BAD_INPUT for the file. */
  async upload(modelName: string, body: Readable, actor: Principal): Promise<ModelUpload> {
    const model = await this.registry.modelByName(modelName);
    const upload = await this.uploads.store(model.id, body);
    await this.record(this.dataSource.manager, actor, 'model_file.uploaded', model, { ...upload });
    return upload;
  }

  /**
   * Queues the registration of an uploaded file.
   * @throws AppError NOT_FOUND for model, file or dataset version; BAD_INPUT where data or classes can't fit.
   */
  async register(input: RegisterModelVersion, actor: Principal): Promise<VersionRegistration> {
    const model = await this.registry.modelByName(input.model);
    const classes = input.classes ?? null;
    if (classes && model.task === 'REGRESSION') {
      throw new AppError('BAD_INPUT', `Model ${model.name} predicts numbers. Leave \`classes\` out.`);
    }
    const version = await this.dataOf(model, input.datasetVersion);
    checkColumns(model, version.schema);
    if (!(await this.uploads.has(model.id, input.file))) throw notUploaded(model, input.file);
    const id = uuidv7();
    return this.dataSource.transaction(async (manager) => {
      await lockModel(manager, { id: model.id });
      await manager.insert(VersionRegistration, {
        id,
        modelId: model.id,
        datasetVersionId: version.id,
        fileSha256: input.file,
        classes,
        enterGate: input.enterGate ?? false,
        state: 'QUEUED',
        message: 'waiting for a worker',
        requestedBy: actor.userId,
      });
      await this.queue.enqueue(manager, registerVersionJob, id, { registrationId: id });
      const details = { registrationId: id, file: input.file, datasetVersionId: version.id };
      await this.record(manager, actor, 'model_version.requested', model, details);
      // Within the transaction: after it, a worker may have begun already.
      return manager.findOneByOrFail(VersionRegistration, { id });
    });
  }

  /** @throws AppError NOT_FOUND, or INVALID_STATE for one that has ended. */
  async cancel(id: string, actor: Principal): Promise<VersionRegistration> {
    const { state, modelId } = await this.states.byId(id);
    const model = await this.registry.modelById(modelId);
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.states.cancel(manager, id))) {
        throw new AppError('INVALID_STATE', `Version registration ${id} is ${state}. Nothing is left to cancel.`);
      }
      await this.record(manager, actor, 'model_version.cancelled', model, { registrationId: id });
    });
    return this.states.byId(id);
  }

  async list(modelName: string | undefined, page: PageArgs): Promise<Page<VersionRegistration>> {
    const query = this.registrations.createQueryBuilder('registration');
    if (modelName !== undefined) query.where({ modelId: (await this.registry.modelByName(modelName)).id });
    return paginate(query, 'registration', page);
  }

  /** Registrations by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, VersionRegistration>> {
    const registrations = await this.registrations.findBy({ id: In([...ids]) });
    return new Map(registrations.map((registration) => [registration.id, registration]));
  }

  private async dataOf(model: Model, number: number | null | undefined) {
    const dataset = (await this.datasets.byIds([model.datasetId])).get(model.datasetId);
    if (!dataset) throw new AppError('NOT_FOUND', `The dataset of model ${model.name} was deleted a moment ago.`);
    return this.datasets.versionByNumber(dataset.name, number);
  }

  private record(
    manager: EntityManager,
    actor: Principal,
    action: string,
    { id, name }: Model,
    details: Record<string, unknown>,
  ): Promise<void> {
    return this.audit.record(manager, {
      actor,
      action,
      subject: { kind: 'model', id },
      details: { model: name, ...details },
    });
  }
}

function notUploaded({ name }: Model, file: string): AppError {
  return new AppError(
    'NOT_FOUND',
    `Model ${name} has no uploaded file ${file}. Send it to POST /v1/model-uploads/${name}; it is kept for a day.`,
  );
}
