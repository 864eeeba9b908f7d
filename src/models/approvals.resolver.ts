import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequirePromotion, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { AppError } from '../errors/app-error.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../platform/graphql/pagination.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { Approvals } from './approvals.service.js';
import { PendingApproval, PendingApprovalPage } from './approvals.types.js';
import { toModelType, toPromotionType, toVersionType } from './models.mapping.js';
import { ModelsService } from './models.service.js';
import { VersionDecisionInput, versionDecisionSchema } from './models.inputs.js';
import { ModelType, ModelVersionType } from './models.types.js';
import type { Promotion } from './promotion.entity.js';
import { Promotions } from './promotions.js';

@Resolver(() => PendingApproval)
export class ApprovalsResolver {
  constructor(
    private readonly approvals: Approvals,
    private readonly models: ModelsService,
    private readonly promotions: Promotions,
  ) {}

  @Query(() => PendingApprovalPage, { description: 'Versions that wait for approval, newest recommendation first.' })
  @RequireRole('VIEWER')
  async pendingApprovals(@Args() page: PageArgs): Promise<Page<PendingApproval>> {
    return mapPage(await this.approvals.pending(page), toPendingApproval);
  }

  @Mutation(() => ModelVersionType, {
    description: 'Says no to a recommendation. The version stays and may be tried or promoted another time.',
  })
  @RequirePromotion()
  async declineRecommendation(
    @CurrentPrincipal() { userId: actorId }: Principal,
    @Args('input', { type: () => VersionDecisionInput }, new ZodPipe(versionDecisionSchema))
    { model, version, reason }: VersionDecisionInput,
  ): Promise<ModelVersionType> {
    return toVersionType(await this.promotions.declineRecommendation({ model, reason, actorId }, version));
  }

  @ResolveField(() => ModelType)
  async model(@Parent() { modelId }: PendingApproval, @Context() { request }: GraphqlContext): Promise<ModelType> {
    return toModelType(present(await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), modelId)));
  }

  @ResolveField(() => ModelVersionType)
  async version(
    @Parent() { versionId }: PendingApproval,
    @Context() { request }: GraphqlContext,
  ): Promise<ModelVersionType> {
    const load = (ids: readonly string[]) => this.models.versionsByIds(ids);
    return toVersionType(present(await loadInBatch(request, 'versionById', load, versionId)));
  }

  @ResolveField(() => Boolean, {
    description: 'Whether another version serves by now than the one that this one was judged against.',
  })
  async championChanged(
    @Parent() { modelId, recommendation }: PendingApproval,
    @Context() { request }: GraphqlContext,
  ): Promise<boolean> {
    const champion = await loadInBatch(request, 'championOf', (ids) => this.models.championsOf(ids), modelId);
    return (champion?.number ?? null) !== recommendation.previousChampion;
  }
}

function toPendingApproval(entry: Promotion): PendingApproval {
  return { modelId: entry.modelId, versionId: entry.versionId, recommendation: toPromotionType(entry) };
}

function present<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new AppError('NOT_FOUND', 'The model of this recommendation was deleted a moment ago.');
}
