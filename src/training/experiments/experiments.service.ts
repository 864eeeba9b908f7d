import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, IsNull, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import { AppError } from '../../errors/app-error.js';
import { HyperparameterError } from '../../ml/train/errors.js';
import { resolveSpace, type GivenDomain, type SearchSpace } from '../../ml/train/search/space.js';
import type { Algorithm } from '../../models/algorithm.js';
import { lockModel } from '../../models/locked-model.js';
import { checkColumns } from '../../models/model-columns.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import type { TrainingBackend } from '../backend/training-backend.js';
import { TrainingBackends } from '../backend/training-backends.js';
import { algorithmsFor, checkFits, DEFAULT_SEED, TrainingService, weightsOf } from '../training.service.js';
import { TrainingRuns } from '../training-runs.js';
import { Experiment, underWay } from './experiment.entity.js';
import { Experiments } from './experiments.js';
import { searchJob } from './experiments.jobs.js';
import { MAX_TRIALS, type StartExperiment } from './experiments.types.js';
import { longestSearch, minutesWithin } from './search-limits.js';

/** Starts, cancels and lists experiments. */
@Injectable()
export class ExperimentsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @InjectRepository(Experiment) private readonly rows: Repository<Experiment>,
    private readonly experiments: Experiments,
    private readonly registry: ModelRegistry,
    private readonly training: TrainingService,
    private readonly runs: TrainingRuns,
    private readonly backends: TrainingBackends,
    private readonly queue: JobQueue,
    private readonly audit: AuditService,
  ) {}

  /**
   * Queues a search. What can be known to fail is refused here, before anything runs.
   * @throws AppError BAD_INPUT, NOT_FOUND, INVALID_STATE if the dataset has no data yet, CONFLICT while the model has
   *   another experiment under way.
   */
  async start(input: StartExperiment, actor: Principal): Promise<Experiment> {
    const model = await this.registry.modelByName(input.model);
    const version = await this.training.dataOf(model, input.datasetVersion);
    const weights = weightsOf(input);
    const { task, target, features, split } = model;
    checkColumns({ task, target, features, split, weights }, version.schema);
    const algorithms = input.algorithms ?? algorithmsFor(model.task);
    for (const algorithm of algorithms) checkFits(algorithm, model.task);
    const { trials } = input.budget;
    const name = input.backend ?? this.backends.nameFor(model, algorithms[0]!);
    this.backends.assertSetUp(name);
    const backend = this.backends.of(name);
    const minutes = minutesOf(input.budget, backend);
    const experiment = this.rows.create({
      id: uuidv7(),
      modelId: model.id,
      datasetVersionId: version.id,
      algorithms,
      space: spaceOf(algorithms, input.space ?? []),
      metric: model.gate.primaryMetric,
      seed: input.seed ?? DEFAULT_SEED,
      weights: weights ?? null,
      folds: input.folds ?? null,
      trials: trials ?? MAX_TRIALS,
      minutes,
      backend: name,
      maximumCost: backend.maximumCost(longestSearch(minutes)) ?? null,
      state: 'QUEUED',
      progress: 0,
      message: 'waiting for a worker',
      log: '',
      attempts: 0,
      requestedBy: actor.userId,
    });
    const { id } = experiment;
    return this.dataSource.transaction(async (manager) => {
      await lockModel(manager, { id: model.id });
      await refuseSecond(manager, experiment);
      await manager.insert(Experiment, experiment);
      await this.queue.enqueue(manager, searchJob, id, { experimentId: id });
      await this.audit.record(manager, {
        actor,
        action: 'experiment.started',
        subject: { kind: 'experiment', id },
        details: { model: model.name, datasetVersionId: version.id, algorithms, budget: input.budget },
      });
      // Within the transaction: after it, a worker may have begun already.
      return manager.findOneByOrFail(Experiment, { id });
    });
  }

  /** Stops the search, or the training of what it found. @throws AppError NOT_FOUND, or INVALID_STATE if it is too late. */
  async cancel(id: string, actor: Principal): Promise<Experiment> {
    await this.experiments.byId(id);
    const wasSearch = await this.dataSource.transaction(async (manager) => {
      const isStopping = await this.experiments.cancelSearch(manager, id);
      if (isStopping) await this.recordCancellation(manager, id, actor);
      return isStopping;
    });
    // Not in one transaction: the end of a run locks the run first and then its experiment.
    if (!wasSearch) await this.cancelTraining(await this.experiments.byId(id), actor);
    return this.experiments.byId(id);
  }

  private async cancelTraining({ id, state, groupId }: Experiment, actor: Principal): Promise<void> {
    if (state !== 'TRAINING' || groupId === null) {
      throw new AppError('INVALID_STATE', `Experiment ${id} is ${state}. Nothing is left to cancel.`);
    }
    await this.dataSource.transaction(async (manager) => {
      await this.runs.cancelGroup(manager, groupId);
      await this.recordCancellation(manager, id, actor);
    });
  }

  private async recordCancellation(manager: EntityManager, id: string, actor: Principal): Promise<void> {
    await this.audit.record(manager, { actor, action: 'experiment.cancelled', subject: { kind: 'experiment', id } });
  }

  /** Of one model or of all, newest first. */
  async list(modelName: string | undefined, page: PageArgs): Promise<Page<Experiment>> {
    const query = this.rows.createQueryBuilder('experiment');
    if (modelName !== undefined) query.where({ modelId: (await this.registry.modelByName(modelName)).id });
    return paginate(query, 'experiment', page);
  }

  /** Last lines of output by experiment id. */
  async logsOf(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.rows.find({ where: { id: In([...ids]) }, select: { id: true, log: true } });
    return new Map(rows.map(({ id, log }) => [id, log]));
  }
}

function spaceOf(algorithms: readonly Algorithm[], given: readonly GivenDomain[]): SearchSpace {
  try {
    return resolveSpace(algorithms, given);
  } catch (error) {
    if (error instanceof HyperparameterError) throw new AppError('BAD_INPUT', `space: ${error.message}`);
    throw error;
  }
}

/** The time for trials: what is given, or what the cost buys, whichever is less. */
function minutesOf({ minutes, cost }: StartExperiment['budget'], backend: TrainingBackend): number | null {
  if (typeof cost !== 'number') return minutes ?? null;
  const seconds = backend.affordableSeconds(cost);
  if (seconds === undefined) {
    const message =
      'What a search costs is unknown here. Name the prices of all machines in SAGEMAKER_PRICES, or leave the cost out.';
    throw new AppError('INVALID_STATE', message);
  }
  const affordable = minutesWithin(seconds);
  if (affordable > 0) return affordable === Infinity ? (minutes ?? null) : Math.min(affordable, minutes ?? affordable);
  const message = `budget: ${cost} USD buys ${Math.max(0, seconds)} s of the dearest machine, which leaves no time for trials. Allow more.`;
  throw new AppError('BAD_INPUT', message);
}

/** The model is locked, so no other can begin in between. */
async function refuseSecond(manager: EntityManager, { modelId }: Experiment): Promise<void> {
  const active = await manager.findOneBy(Experiment, { modelId, finishedAt: IsNull() });
  if (active) throw new AppError('CONFLICT', `This model has ${underWay(active)}`);
}
