import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { idSchema } from '../../auth/users/user.types.js';
import { toVersionType as toDatasetVersionType } from '../../datasets/datasets.mapping.js';
import { DatasetVersionType } from '../../datasets/datasets.types.js';
import { AppError } from '../../errors/app-error.js';
import { toModelType, toPromotionType, toVersionType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelType, ModelVersionType, PromotionType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import type { TrainingRun } from '../../training/training-run.entity.js';
import { toRunType } from '../../training/training.mapping.js';
import { TrainingService } from '../../training/training.service.js';
import { TrainingRunType } from '../../training/training.types.js';
import { DecisionHistory } from '../decisions/decision-history.js';
import { toDecisionType } from '../decisions/decision.mapping.js';
import { RetrainingDecisionType } from '../decisions/decision.types.js';
import { RetrainingCancellation } from './retraining-cancellation.js';
import { RetrainingHistory } from './retraining-history.js';
import { toRetrainingType } from './retraining.mapping.js';
import { RetrainingPage, RetrainingType } from './retraining.types.js';

@Resolver(() => RetrainingType)
export class RetrainingsResolver {
  constructor(
    private readonly retrainings: RetrainingHistory,
    private readonly cancellation: RetrainingCancellation,
    private readonly decisions: DecisionHistory,
    private readonly training: TrainingService,
    private readonly models: ModelsService,
  ) {}

  @Query(() => RetrainingPage, { name: 'retrainings', description: 'Of one model or of all, newest first.' })
  @RequireRole('VIEWER')
  async list(
    @Args() page: PageArgs,
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<Page<RetrainingType>> {
    return mapPage(await this.retrainings.list(model ?? undefined, page), toRetrainingType);
  }

  @Query(() => RetrainingType)
  @RequireRole('VIEWER')
  async retraining(@Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string): Promise<RetrainingType> {
    return toRetrainingType(await this.retrainings.byId(id));
  }

  @Mutation(() => RetrainingType, {
    description:
      'Stops what can still be stopped of a retraining. Versions that its trainings have registered are judged all the same.',
  })
  @RequireRole('ENGINEER')
  async cancelRetraining(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<RetrainingType> {
    return toRetrainingType(await this.cancellation.cancel(id, principal));
  }

  @ResolveField(() => ModelType)
  async model(@Parent() { modelId }: RetrainingType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), modelId);
    if (!model) throw new AppError('NOT_FOUND', 'The model of this retraining was deleted a moment ago.');
    return toModelType(model);
  }

  @ResolveField(() => RetrainingDecisionType, { nullable: true })
  async decision(
    @Parent() { decisionId }: RetrainingType,
    @Context() { request }: GraphqlContext,
  ): Promise<RetrainingDecisionType | null> {
    const decision = await loadInBatch(request, 'decisionById', (ids) => this.decisions.byIds(ids), decisionId);
    return decision ? toDecisionType(decision) : null;
  }

  @ResolveField(() => DatasetVersionType, { nullable: true, description: 'What it learned from.' })
  async datasetVersion(
    @Parent() { datasetVersionId }: RetrainingType,
    @Context() { request }: GraphqlContext,
  ): Promise<DatasetVersionType | null> {
    if (datasetVersionId === null) return null;
    const load = (ids: readonly string[]) => this.retrainings.dataOf(ids);
    const version = await loadInBatch(request, 'datasetVersionById', load, datasetVersionId);
    return version ? toDatasetVersionType(version) : null;
  }

  @ResolveField(() => [TrainingRunType])
  async runs(@Parent() retraining: RetrainingType, @Context() { request }: GraphqlContext): Promise<TrainingRunType[]> {
    return (await this.runsOf(retraining, request)).map(toRunType);
  }

  @ResolveField(() => [ModelVersionType], { description: 'What came out of its runs.' })
  async versions(
    @Parent() retraining: RetrainingType,
    @Context() { request }: GraphqlContext,
  ): Promise<ModelVersionType[]> {
    const runs = await this.runsOf(retraining, request);
    const load = (ids: readonly string[]) => this.models.versionsByIds(ids);
    const ids = runs.flatMap(({ versionId }) => versionId ?? []);
    const versions = await Promise.all(ids.map((id) => loadInBatch(request, 'versionById', load, id)));
    return versions.filter((version) => version !== undefined).map(toVersionType);
  }

  @ResolveField(() => PromotionType, { nullable: true, description: "The gate's verdict, as the ledger has it." })
  async promotion(
    @Parent() { groupId }: RetrainingType,
    @Context() { request }: GraphqlContext,
  ): Promise<PromotionType | null> {
    if (groupId === null) return null;
    const load = (ids: readonly string[]) => this.retrainings.verdictsOf(ids);
    const entry = await loadInBatch(request, 'verdictOfGroup', load, groupId);
    return entry ? toPromotionType(entry) : null;
  }

  private async runsOf({ groupId }: RetrainingType, request: object): Promise<TrainingRun[]> {
    if (groupId === null) return [];
    return (await loadInBatch(request, 'runsOfGroup', (ids) => this.training.byGroups(ids), groupId)) ?? [];
  }
}
