import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, IsNull, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ReadyVersion } from '../datasets/dataset-version.entity.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { AppError } from '../errors/app-error.js';
import type { Task } from '../ml/schema/signature.js';
import { HyperparameterError } from '../ml/train/errors.js';
import { resolveHyperparameters } from '../ml/train/hyperparameters.js';
import { TRAINERS } from '../ml/train/trainer.js';
import { type Algorithm, ALGORITHMS, FOREIGN, type VersionAlgorithm } from '../models/algorithm.js';
import { checkColumns, type WeightChoice } from '../models/model-columns.js';
import { Model } from '../models/model.entity.js';
import { ModelVersion } from '../models/model-version.entity.js';
import { ModelRegistry } from '../models/model-registry.js';
import { ModelsService } from '../models/models.service.js';
import type { BackendName } from '../models/training-backend-name.js';
import { lockModel } from '../models/locked-model.js';
import { type Page, type PageArgs, paginate } from '../platform/graphql/pagination.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { TrainingBackends } from './backend/training-backends.js';
import { Experiment, underWay } from './experiments/experiment.entity.js';
import { Registrations } from './registration/registrations.js';
import { ACTIVE_STATES } from './run-state.js';
import { scriptImage } from './script/script-image.js';
import { trainJob } from './training.jobs.js';
import type { StartTraining } from './training.types.js';
import { TrainingRun, type Trigger } from './training-run.entity.js';

export const DEFAULT_SEED = 42;

/** What a group of runs is started with. */
export interface TrainingOrder {
  readonly model: Model;
  readonly version: ReadyVersion;
  readonly algorithms: readonly VersionAlgorithm[];
  /** By name; an algorithm takes those that it knows, a script all. */
  readonly hyperparametersOf: (algorithm: VersionAlgorithm) => Readonly<Record<string, number>>;
  readonly seed: number;
  /** How much rows count; all alike if it is not named. */
  readonly weights?: WeightChoice;
  /** Of a cross-validation; none if it is not named. */
  readonly folds?: number;
  readonly trigger: Trigger;
  /** The model's, or else the installation's, where it is not named. */
  readonly backend?: BackendName;
  readonly requestedBy: string | null;
}

/** All that can learn a task. */
export function algorithmsFor(task: Task): Algorithm[] {
  return ALGORITHMS.filter((name) => TRAINERS[name].tasks.includes(task));
}

/** What a model is trained with where nobody says: its own script, or else all that can learn its task. */
export function defaultAlgorithms({ task, trainingImage }: Pick<Model, 'task' | 'trainingImage'>): VersionAlgorithm[] {
  return trainingImage === null ? algorithmsFor(task) : [FOREIGN];
}

/** Starts and lists trainings. */
@Injectable()
export class TrainingService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @InjectRepository(TrainingRun) private readonly runs: Repository<TrainingRun>,
    private readonly registry: ModelRegistry,
    private readonly models: ModelsService,
    private readonly datasets: DatasetsService,
    private readonly backends: TrainingBackends,
    private readonly queue: JobQueue,
    private readonly registrations: Registrations,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Queues one run an algorithm, all in one group. What can be known to fail is refused here, before anything runs.
   * @throws AppError BAD_INPUT, NOT_FOUND, or INVALID_STATE if the dataset has no data yet.
   */
  async start(input: StartTraining, actor: Principal): Promise<TrainingRun[]> {
    const model = await this.registry.modelByName(input.model);
    const version = await this.dataOf(model, input.datasetVersion);
    const hyperparameters = input.hyperparameters ?? {};
    const algorithms = input.algorithms ?? defaultAlgorithms(model);
    for (const name of Object.keys(hyperparameters)) refuseUnknown(name, algorithms);
    return this.dataSource.transaction(async (manager) => {
      const { userId: requestedBy } = actor;
      const runs = await this.startWithin(manager, {
        model,
        version,
        algorithms,
        hyperparametersOf: () => hyperparameters,
        seed: input.seed ?? DEFAULT_SEED,
        weights: weightsOf(input),
        folds: input.folds ?? undefined,
        trigger: 'MANUAL',
        backend: input.backend ?? undefined,
        requestedBy,
      });
      const [{ groupId }] = runs as [TrainingRun];
      await this.audit.record(manager, {
        actor,
        action: 'training.started',
        subject: { kind: 'training_group', id: groupId },
        details: { model: model.name, datasetVersionId: version.id, algorithms },
      });
      return runs;
    });
  }

  /**
   * Adds a group of runs and their jobs to the transaction of `manager`.
   * @throws AppError BAD_INPUT for data or settings that don't fit, NOT_FOUND if the model is gone; nothing is written then.
   */
  async startWithin(manager: EntityManager, order: TrainingOrder): Promise<TrainingRun[]> {
    const { model, version, algorithms, hyperparametersOf, trigger, seed, weights, folds, requestedBy } = order;
    const { task, target, features, split } = model;
    checkColumns({ task, target, features, split, weights }, version.schema);
    const groupId = uuidv7();
    const runs = algorithms.map((algorithm) => {
      const image = algorithm === FOREIGN ? scriptImage(order, this.config.SAGEMAKER_IMAGE_ALLOW_LIST) : null;
      const backend = order.backend ?? this.backends.nameFor(model, algorithm);
      this.backends.assertSetUp(backend);
      return this.runs.create({
        id: uuidv7(),
        groupId,
        modelId: model.id,
        datasetVersionId: version.id,
        trigger,
        algorithm,
        image,
        hyperparameters: checkedSettings(model, algorithm, hyperparametersOf(algorithm)),
        seed,
        weights: weights ?? null,
        folds: folds ?? null,
        backend,
        maximumCost: this.backends.of(backend).maximumCost() ?? null,
        state: 'QUEUED',
        progress: 0,
        message: 'waiting for a worker',
        log: '',
        attempts: 0,
        requestedBy,
      });
    });
    await lockModel(manager, { id: model.id });
    await manager.insert(TrainingRun, runs);
    for (const { id: runId } of runs) await this.queue.enqueue(manager, trainJob, runId, { runId });
    return manager.find(TrainingRun, { where: { groupId }, order: { id: 'ASC' } });
  }

  /** The data of a model of this number, or the newest. @throws AppError NOT_FOUND, or INVALID_STATE if there is none yet. */
  async dataOf(model: Model, number: number | null | undefined): Promise<ReadyVersion> {
    const dataset = (await this.datasets.byIds([model.datasetId])).get(model.datasetId);
    if (!dataset) throw new AppError('NOT_FOUND', `The dataset of model ${model.name} was deleted a moment ago.`);
    return this.datasets.versionByNumber(dataset.name, number);
  }

  async list(modelName: string | undefined, page: PageArgs): Promise<Page<TrainingRun>> {
    const query = this.runs.createQueryBuilder('run');
    if (modelName !== undefined) query.where({ modelId: (await this.registry.modelByName(modelName)).id });
    return paginate(query, 'run', page);
  }

  /** Runs by group id, in the order in which they were started. */
  async byGroups(groupIds: readonly string[], manager = this.dataSource.manager): Promise<Map<string, TrainingRun[]>> {
    const runs = await manager.find(TrainingRun, { where: { groupId: In([...groupIds]) }, order: { id: 'ASC' } });
    return new Map(groupIds.map((id) => [id, runs.filter(({ groupId }) => groupId === id)]));
  }

  /** Runs by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, TrainingRun>> {
    const runs = await this.runs.findBy({ id: In([...ids]) });
    return new Map(runs.map((run) => [run.id, run]));
  }

  /** Last lines of output by run id. */
  async logsOf(ids: readonly string[]): Promise<Map<string, string>> {
    const runs = await this.runs.find({ where: { id: In([...ids]) }, select: { id: true, log: true } });
    return new Map(runs.map(({ id, log }) => [id, log]));
  }

  /**
   * Deletes a model with its versions and runs.
   * @throws AppError INVALID_STATE while runs are active, FORBIDDEN if it has a champion and the actor may not promote.
   */
  async deleteModel(name: string, actor: Principal): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const locked = await lockModel(manager, { name });
      if (!actor.canPromote) await refuseChampion(manager, locked);
      const searching = await manager.findOneBy(Experiment, { modelId: locked.id, finishedAt: IsNull() });
      if (searching) throw new AppError('INVALID_STATE', `Model ${name} has ${underWay(searching)}`);
      const active = await manager.countBy(TrainingRun, { modelId: locked.id, state: In([...ACTIVE_STATES]) });
      if (active > 0) {
        throw new AppError(
          'INVALID_STATE',
          `Model ${name} has ${active} active training runs. Cancel them with \`cancelTraining\`, or wait for their end.`,
        );
      }
      if ((await this.registrations.countActive(manager, locked.id)) > 0) {
        throw new AppError('INVALID_STATE', `A file is being registered for model ${name}. Wait for its end.`);
      }
      await this.models.delete(manager, locked, actor);
    });
  }
}

/** To delete what serves is to decide about it; the right to do so can't be had by the way round a new model. */
async function refuseChampion(manager: EntityManager, { id, name }: Model): Promise<void> {
  if (!(await manager.existsBy(ModelVersion, { modelId: id, stage: 'CHAMPION' }))) return;
  throw new AppError(
    'FORBIDDEN',
    `Model ${name} has a champion; to delete it needs the right to promote. Ask an administrator for it.`,
  );
}

/** The weights of an input, where it names any. */
export function weightsOf({
  weightColumn,
  classWeights,
}: Pick<StartTraining, 'weightColumn' | 'classWeights'>): WeightChoice | undefined {
  const column = weightColumn ?? undefined;
  const classes = classWeights ?? undefined;
  if (column === undefined && classes === undefined) return undefined;
  return { ...(column !== undefined && { column }), ...(classes && { classes }) };
}

/** The settings that an algorithm knows, checked. */
function checkedSettings(
  { task }: Model,
  algorithm: VersionAlgorithm,
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  if (algorithm === FOREIGN) return { ...given };
  checkFits(algorithm, task);
  const { hyperparameters: specs } = TRAINERS[algorithm];
  const known = Object.entries(given).filter(([name]) => specs.some((spec) => spec.name === name));
  try {
    resolveHyperparameters(specs, Object.fromEntries(known));
  } catch (error) {
    if (error instanceof HyperparameterError) throw new AppError('BAD_INPUT', `${algorithm}: ${error.message}`);
    throw error;
  }
  return Object.fromEntries(known);
}

/** @throws AppError BAD_INPUT for an algorithm that can't learn the task. */
export function checkFits(algorithm: Algorithm, task: Task): void {
  const fitting = algorithmsFor(task);
  if (fitting.includes(algorithm)) return;
  throw new AppError('BAD_INPUT', `${algorithm} can't learn a ${task}. Choose among ${fitting.join(', ')}.`);
}

function refuseUnknown(name: string, algorithms: readonly VersionAlgorithm[]): void {
  if (algorithms.includes(FOREIGN)) return; // What a script knows it knows alone.
  const ours = algorithms.filter((algorithm) => algorithm !== FOREIGN);
  const known = new Set(ours.flatMap((algorithm) => TRAINERS[algorithm].hyperparameters.map((spec) => spec.name)));
  if (known.has(name)) return;
  throw new AppError('BAD_INPUT', `There is no hyperparameter ${name}. Choose among ${[...known].join(', ')}.`);
}
