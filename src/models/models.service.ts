import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { AppError } from '../errors/app-error.js';
import { type Page, type PageArgs, paginate } from '../platform/graphql/pagination.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { defaultGate, parseGate } from './gate-settings.js';
import { CHAMPION_CHANGES } from './champion-line.js';
import { checkColumns, parseSplit } from './model-columns.js';
import { Model } from './model.entity.js';
import type { CreateModelInput, UpdateModelInput } from './models.inputs.js';
import { ModelRegistry } from './model-registry.js';
import { ModelVersion } from './model-version.entity.js';
import { deleteArtifactsJob } from './models.jobs.js';
import { NO_SERVING_SETTINGS, parseServing } from './serving-settings.js';
import { PromotionLedger } from './promotion-ledger.js';
import { Promotion } from './promotion.entity.js';
import { championOf, lockModel } from './locked-model.js';
import { assertAllowedImage } from './training-image.js';
import { assertSetUp } from './training-backend-name.js';

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Creates, changes, lists and deletes models, and reads their versions and ledger. */
@Injectable()
export class ModelsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @InjectRepository(Model) private readonly models: Repository<Model>,
    @InjectRepository(ModelVersion) private readonly versions: Repository<ModelVersion>,
    @InjectRepository(Promotion) private readonly ledger: Repository<Promotion>,
    private readonly registry: ModelRegistry,
    private readonly datasets: DatasetsService,
    private readonly promotions: PromotionLedger,
    private readonly queue: JobQueue,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError BAD_INPUT for a name, column or setting that can't be; CONFLICT for a name that is taken. */
  async create(input: CreateModelInput, actor: Principal): Promise<Model> {
    if (!NAME.test(input.name)) {
      throw new AppError(
        'BAD_INPUT',
        `${JSON.stringify(input.name)} can't be the name of a model: use up to 63 of a-z, 0-9, - and _, and begin with a letter or digit.`,
      );
    }
    const dataset = await this.datasets.byName(input.dataset);
    const { task, target, features, backend = null, trainingImage = null } = input;
    if (backend !== null) assertSetUp(backend, this.config);
    if (trainingImage !== null) this.assertTrainable(trainingImage);
    const latest = await this.datasets.latestReadyVersion(dataset.id);
    const split = parseSplit(input);
    if (latest) checkColumns({ task, target, features, split }, latest.schema);
    const model = this.models.create({
      id: uuidv7(),
      name: input.name,
      task,
      datasetId: dataset.id,
      target,
      features,
      split,
      gate: parseGate(task, input, defaultGate(task)),
      promotionMode: input.promotionMode,
      backend,
      trainingImage,
      ...parseServing(input, NO_SERVING_SETTINGS),
      createdBy: actor.userId,
    });
    await this.dataSource.transaction(async (manager) => {
      await insert(manager, model);
      await this.audit.record(manager, {
        actor,
        action: 'model.created',
        subject: subjectOf(model),
        details: { name: model.name, ...(trainingImage !== null && { trainingImage }) },
      });
    });
    return this.registry.modelByName(model.name);
  }

  /** Changes how versions are trained, judged and served from now on; what is there keeps its verdicts. */
  async update(input: UpdateModelInput, actor: Principal): Promise<Model> {
    const { name, promotionMode, backend, trainingImage, predictionTimeoutSeconds, predictionLogMode, ...gate } = input;
    if (backend) assertSetUp(backend, this.config);
    if (trainingImage) this.assertTrainable(trainingImage);
    return this.dataSource.transaction(async (manager) => {
      const model = await lockModel(manager, { name });
      model.gate = parseGate(model.task, gate, model.gate);
      model.promotionMode = promotionMode ?? model.promotionMode;
      model.backend = backend === undefined ? model.backend : backend;
      model.trainingImage = trainingImage === undefined ? model.trainingImage : trainingImage;
      const serving = parseServing({ predictionTimeoutSeconds, predictionLogMode }, model);
      Object.assign(model, serving);
      const changes = {
        gate: model.gate,
        promotionMode: model.promotionMode,
        backend: model.backend,
        trainingImage: model.trainingImage,
        ...serving,
      };
      await manager.update(Model, { id: model.id }, changes);
      await this.audit.record(manager, {
        actor,
        action: 'model.updated',
        subject: subjectOf(model),
        details: { name, ...changes },
      });
      return model;
    });
  }

  private assertTrainable(image: string): void {
    assertAllowedImage(image, this.config.SAGEMAKER_IMAGE_ALLOW_LIST);
    assertSetUp('SAGEMAKER', this.config);
  }

  /**
   * Deletes a locked model with its versions, and their artifacts a little later; the ledger stays, and tells until when
   * there was a champion. The caller has made sure that nothing works on it.
   */
  async delete(manager: EntityManager, model: Model, actor: Principal): Promise<void> {
    const champion = await championOf(manager, model);
    if (champion) {
      const subject = { model, version: champion, champion };
      const entry = { action: 'DELETED', reason: 'The model was deleted.', actorId: actor.userId } as const;
      await this.promotions.record(manager, subject, entry);
    }
    await manager.delete(Model, { id: model.id });
    await this.queue.enqueue(manager, deleteArtifactsJob, model.id, { modelId: model.id });
    const { name } = model;
    await this.audit.record(manager, { actor, action: 'model.deleted', subject: subjectOf(model), details: { name } });
  }

  async list(page: PageArgs): Promise<Page<Model>> {
    return paginate(this.models.createQueryBuilder('model'), 'model', page);
  }

  async versionsOf(modelId: string, page: PageArgs): Promise<Page<ModelVersion>> {
    return paginate(this.versions.createQueryBuilder('version').where({ modelId }), 'version', page);
  }

  async promotionsOf(modelName: string, page: PageArgs): Promise<Page<Promotion>> {
    const query = this.ledger.createQueryBuilder('promotion').where({ modelName });
    return paginate(query, 'promotion', page);
  }

  /** Champions by model id. */
  async championsOf(modelIds: readonly string[]): Promise<Map<string, ModelVersion>> {
    const champions = await this.versions.findBy({ modelId: In([...modelIds]), stage: 'CHAMPION' });
    return new Map(champions.map((version) => [version.modelId, version]));
  }

  /** Leads by model id: of each algorithm the newest version that passed the floors and was not rejected. */
  async leadsOf(modelIds: readonly string[]): Promise<Map<string, ModelVersion[]>> {
    const leads = await this.versions
      .createQueryBuilder('version')
      .distinctOn(['version.model_id', 'version.algorithm'])
      .where({ modelId: In([...modelIds]), passedFloors: true })
      .andWhere(`version.stage <> 'REJECTED'`)
      .orderBy('version.model_id')
      .addOrderBy('version.algorithm')
      .addOrderBy('version.number', 'DESC')
      .getMany();
    return new Map(modelIds.map((id) => [id, leads.filter(({ modelId }) => modelId === id)]));
  }

  /** Models by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, Model>> {
    const models = await this.models.findBy({ id: In([...ids]) });
    return new Map(models.map((model) => [model.id, model]));
  }

  /** Versions by id. */
  async versionsByIds(ids: readonly string[]): Promise<Map<string, ModelVersion>> {
    const versions = await this.versions.findBy({ id: In([...ids]) });
    return new Map(versions.map((version) => [version.id, version]));
  }

  /** Manifests by version id. */
  async manifestsOf(versionIds: readonly string[]): Promise<Map<string, ModelVersion['manifest']>> {
    const versions = await this.versions.find({
      where: { id: In([...versionIds]) },
      select: { id: true, manifest: true },
    });
    return new Map(versions.map(({ id, manifest }) => [id, manifest]));
  }

  /** The versions of these numbers, in their order. @throws AppError NOT_FOUND */
  async versionsByNumbers(modelName: string, numbers: readonly number[]): Promise<ModelVersion[]> {
    const model = await this.registry.modelByName(modelName);
    return Promise.all(numbers.map((number) => this.registry.versionByNumber(model, number)));
  }

  /** The ledger entry that made the champion of a moment; null if nothing served then, or the model was deleted. */
  async servedAt(modelName: string, at: Date): Promise<Promotion | null> {
    const entry = await this.ledger
      .createQueryBuilder('promotion')
      .where({ modelName, action: In([...CHAMPION_CHANGES, 'DELETED']) })
      .andWhere('promotion.created_at <= :at', { at })
      .orderBy('promotion.created_at', 'DESC')
      .limit(1)
      .getOne();
    return entry?.action === 'DELETED' ? null : entry;
  }
}

function subjectOf({ id }: Model): { kind: string; id: string } {
  return { kind: 'model', id };
}

/** @throws AppError CONFLICT for a name that is taken. */
async function insert(manager: EntityManager, model: Model): Promise<void> {
  const { raw } = (await manager
    .createQueryBuilder()
    .insert()
    .into(Model)
    .values(model)
    .orIgnore()
    .returning('id')
    .execute()) as { raw: unknown[] };
  if (raw.length > 0) return;
  throw new AppError('CONFLICT', `There is a model ${model.name} already. Choose another name, or delete that one.`);
}
