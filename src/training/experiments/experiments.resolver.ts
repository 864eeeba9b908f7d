import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { idSchema } from '../../auth/users/user.types.js';
import { AppError } from '../../errors/app-error.js';
import { toModelType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { toRunType } from '../training.mapping.js';
import { TrainingService } from '../training.service.js';
import { TrainingRunType } from '../training.types.js';
import { Experiments } from './experiments.js';
import { toExperimentType, toTrialType } from './experiments.mapping.js';
import { ExperimentsService } from './experiments.service.js';
import {
  ExperimentPage,
  ExperimentType,
  type StartExperiment,
  StartExperimentInput,
  startExperimentSchema,
  type TrialOrder,
  TrialOrderEnum,
  TrialPage,
  TrialType,
} from './experiments.types.js';
import { Trials } from './trials.js';

@Resolver(() => ExperimentType)
export class ExperimentsResolver {
  constructor(
    private readonly service: ExperimentsService,
    private readonly experiments: Experiments,
    private readonly trialRows: Trials,
    private readonly training: TrainingService,
    private readonly models: ModelsService,
  ) {}

  @Query(() => ExperimentType)
  @RequireRole('VIEWER')
  async experiment(@Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string): Promise<ExperimentType> {
    return toExperimentType(await this.experiments.byId(id));
  }

  @Query(() => ExperimentPage, { name: 'experiments', description: 'Of one model or of all, newest first.' })
  @RequireRole('VIEWER')
  async list(
    @Args() page: PageArgs,
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<Page<ExperimentType>> {
    return mapPage(await this.service.list(model ?? undefined, page), toExperimentType);
  }

  @Mutation(() => ExperimentType, {
    description: 'Searches for hyperparameters within a budget; the best become a version. One at a time a model.',
  })
  @RequireRole('ENGINEER')
  async startExperiment(
    @CurrentPrincipal() principal: Principal,
    @Args('input', { type: () => StartExperimentInput }, new ZodPipe(startExperimentSchema)) input: StartExperiment,
  ): Promise<ExperimentType> {
    return toExperimentType(await this.service.start(input, principal));
  }

  @Mutation(() => ExperimentType, { description: 'A running search ends within a second or two.' })
  @RequireRole('ENGINEER')
  async cancelExperiment(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<ExperimentType> {
    return toExperimentType(await this.service.cancel(id, principal));
  }

  @ResolveField(() => ModelType)
  async model(@Parent() { modelId }: ExperimentType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), modelId);
    if (!model) throw new AppError('NOT_FOUND', 'The model of this experiment was deleted a moment ago.');
    return toModelType(model);
  }

  @ResolveField(() => TrialPage)
  async trials(
    @Parent() { id }: ExperimentType,
    @Args() page: PageArgs,
    @Args('order', { type: () => TrialOrderEnum, defaultValue: 'BEST' }) order: TrialOrder,
  ): Promise<Page<TrialType>> {
    return mapPage(await this.trialRows.page(id, order, page), toTrialType);
  }

  @ResolveField(() => TrialType, { nullable: true, description: 'The best so far.' })
  async best(@Parent() { id }: ExperimentType, @Context() { request }: GraphqlContext): Promise<TrialType | null> {
    const trial = await loadInBatch(request, 'bestTrialOf', (ids) => this.trialRows.bestOf(ids), id);
    return trial ? toTrialType(trial) : null;
  }

  @ResolveField(() => TrainingRunType, { nullable: true, description: 'The training of the best trial as a version.' })
  async run(
    @Parent() { groupId }: ExperimentType,
    @Context() { request }: GraphqlContext,
  ): Promise<TrainingRunType | null> {
    if (groupId === null) return null;
    const runs = await loadInBatch(request, 'runsByGroup', (ids) => this.training.byGroups(ids), groupId);
    return runs?.[0] ? toRunType(runs[0]) : null;
  }

  @ResolveField(() => String, { description: 'The last lines of its output.' })
  async log(@Parent() { id }: ExperimentType, @Context() { request }: GraphqlContext): Promise<string> {
    return (await loadInBatch(request, 'experimentLog', (ids) => this.service.logsOf(ids), id)) ?? '';
  }
}
