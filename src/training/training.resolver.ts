import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { idSchema } from '../auth/users/user.types.js';
import { AppError } from '../errors/app-error.js';
import { toMetrics, toModelType, toVersionType, toWarnings } from '../models/models.mapping.js';
import { ModelsService } from '../models/models.service.js';
import { ModelType, ModelVersionType } from '../models/models.types.js';
import { Metric, TrainingWarning } from '../models/version-quality.types.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../platform/graphql/pagination.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { toRunType } from './training.mapping.js';
import { TrainingService } from './training.service.js';
import {
  type StartTraining,
  StartTrainingInput,
  startTrainingSchema,
  TrainingRunPage,
  TrainingRunType,
} from './training.types.js';
import { TrainingRuns } from './training-runs.js';

@Resolver(() => TrainingRunType)
export class TrainingResolver {
  constructor(
    private readonly training: TrainingService,
    private readonly runs: TrainingRuns,
    private readonly models: ModelsService,
  ) {}

  @Query(() => TrainingRunType)
  @RequireRole('VIEWER')
  async trainingRun(@Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string): Promise<TrainingRunType> {
    return toRunType(await this.runs.byId(id));
  }

  @Query(() => TrainingRunPage, { description: 'Runs of one model or of all, newest first.' })
  @RequireRole('VIEWER')
  async trainingRuns(
    @Args() page: PageArgs,
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<Page<TrainingRunType>> {
    return mapPage(await this.training.list(model ?? undefined, page), toRunType);
  }

  @Mutation(() => [TrainingRunType], { description: 'Trains on a dataset version; one run an algorithm.' })
  @RequireRole('ENGINEER')
  async startTraining(
    @CurrentPrincipal() principal: Principal,
    @Args('input', { type: () => StartTrainingInput }, new ZodPipe(startTrainingSchema)) input: StartTraining,
  ): Promise<TrainingRunType[]> {
    return (await this.training.start(input, principal)).map(toRunType);
  }

  @Mutation(() => TrainingRunType, { description: 'A running training ends within a second or two.' })
  @RequireRole('ENGINEER')
  async cancelTraining(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<TrainingRunType> {
    return toRunType(await this.runs.cancel(id, principal));
  }

  /** Stands here and not in `models`, which knows nothing of runs that may be active. */
  @Mutation(() => Boolean, {
    description:
      'Deletes a model with its versions, runs and artifacts. The ledger stays. With a champion it needs the right to promote.',
  })
  @RequireRole('ENGINEER')
  async deleteModel(@CurrentPrincipal() principal: Principal, @Args('name') name: string): Promise<boolean> {
    await this.training.deleteModel(name, principal);
    return true;
  }

  @ResolveField(() => ModelType)
  async model(@Parent() run: TrainingRunType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), run.modelId);
    if (!model) throw new AppError('NOT_FOUND', 'The model of this run was deleted a moment ago.');
    return toModelType(model);
  }

  @ResolveField(() => ModelVersionType, { nullable: true, description: 'What came out of it.' })
  async version(
    @Parent() run: TrainingRunType,
    @Context() { request }: GraphqlContext,
  ): Promise<ModelVersionType | null> {
    if (run.versionId === null) return null;
    const version = await loadInBatch(request, 'versionById', (ids) => this.models.versionsByIds(ids), run.versionId);
    return version ? toVersionType(version) : null;
  }

  @ResolveField(() => [Metric], { nullable: true })
  async metrics(@Parent() run: TrainingRunType, @Context() { request }: GraphqlContext): Promise<Metric[] | null> {
    if (run.versionId === null) return null;
    const manifest = await loadInBatch(request, 'manifestOf', (ids) => this.models.manifestsOf(ids), run.versionId);
    return manifest ? toMetrics(manifest) : null;
  }

  @ResolveField(() => [TrainingWarning], { nullable: true, description: 'Once it has succeeded.' })
  async warnings(
    @Parent() run: TrainingRunType,
    @Context() { request }: GraphqlContext,
  ): Promise<TrainingWarning[] | null> {
    if (run.versionId === null) return null;
    const manifest = await loadInBatch(request, 'manifestOf', (ids) => this.models.manifestsOf(ids), run.versionId);
    return manifest ? toWarnings(manifest) : null;
  }

  @ResolveField(() => String, { description: 'The last lines of its output.' })
  async log(@Parent() run: TrainingRunType, @Context() { request }: GraphqlContext): Promise<string> {
    return (await loadInBatch(request, 'runLog', (ids) => this.training.logsOf(ids), run.id)) ?? '';
  }
}

/** The run of a version, resolved here since `models` knows nothing of runs. */
@Resolver(() => ModelVersionType)
export class VersionRunResolver {
  constructor(private readonly training: TrainingService) {}

  @ResolveField(() => TrainingRunType, { nullable: true })
  async run(
    @Parent() version: ModelVersionType,
    @Context() { request }: GraphqlContext,
  ): Promise<TrainingRunType | null> {
    if (version.runId === null) return null;
    const run = await loadInBatch(request, 'runById', (ids) => this.training.byIds(ids), version.runId);
    return run ? toRunType(run) : null;
  }
}
