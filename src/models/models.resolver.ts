import {
  Args,
  Context,
  GraphQLISODateTime,
  Int,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { CurrentPrincipal, RequirePromotion, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { AppError } from '../errors/app-error.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../platform/graphql/pagination.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { ModelRegistry } from './model-registry.js';
import { toComparison, toModelType, toPromotionType, toVersionType } from './models.mapping.js';
import { ModelsService } from './models.service.js';
import {
  CreateModelInput,
  RollbackInput,
  rollbackSchema,
  UpdateModelInput,
  VersionDecisionInput,
  versionDecisionSchema,
} from './models.inputs.js';
import {
  ModelPage,
  ModelType,
  ModelVersionPage,
  ModelVersionType,
  PromotionPage,
  PromotionType,
  VersionComparison,
} from './models.types.js';
import { Promotions } from './promotions.js';

const MAX_COMPARED = 20;

@Resolver(() => ModelType)
export class ModelsResolver {
  constructor(
    private readonly models: ModelsService,
    private readonly registry: ModelRegistry,
    private readonly promotions: Promotions,
  ) {}

  @Query(() => ModelPage, { name: 'models', description: 'All models, newest first.' })
  @RequireRole('VIEWER')
  async list(@Args() page: PageArgs): Promise<Page<ModelType>> {
    return mapPage(await this.models.list(page), toModelType);
  }

  @Query(() => ModelType)
  @RequireRole('VIEWER')
  async model(@Args('name') name: string): Promise<ModelType> {
    return toModelType(await this.registry.modelByName(name));
  }

  @Query(() => VersionComparison, { description: 'Metrics of several versions side by side.' })
  @RequireRole('VIEWER')
  async compareVersions(
    @Args('model') model: string,
    @Args('versions', { type: () => [Int] }) numbers: number[],
  ): Promise<VersionComparison> {
    if (numbers.length === 0 || numbers.length > MAX_COMPARED) {
      throw new AppError('BAD_INPUT', `versions must name 1 to ${MAX_COMPARED} versions; got ${numbers.length}.`);
    }
    const versions = await this.models.versionsByNumbers(model, numbers);
    const manifests = await this.models.manifestsOf(versions.map(({ id }) => id));
    return toComparison(
      versions,
      versions.map(({ id }) => manifests.get(id)?.dataset.versionId ?? ''),
    );
  }

  @Query(() => PromotionPage, {
    name: 'promotions',
    description: 'The ledger of a model, newest first; also of one that was deleted.',
  })
  @RequireRole('VIEWER')
  async ledger(@Args('model') model: string, @Args() page: PageArgs): Promise<Page<PromotionType>> {
    return mapPage(await this.models.promotionsOf(model, page), toPromotionType);
  }

  @Query(() => PromotionType, {
    nullable: true,
    description: 'Who served at that time: the entry that made the champion. Null if nobody did.',
  })
  @RequireRole('VIEWER')
  async servedAt(
    @Args('model') model: string,
    @Args('at', { type: () => GraphQLISODateTime }) at: Date,
  ): Promise<PromotionType | null> {
    const entry = await this.models.servedAt(model, at);
    return entry && toPromotionType(entry);
  }

  @Mutation(() => ModelType)
  @RequireRole('ENGINEER')
  async createModel(
    @CurrentPrincipal() principal: Principal,
    @Args('input') input: CreateModelInput,
  ): Promise<ModelType> {
    return toModelType(await this.models.create(input, principal));
  }

  @Mutation(() => ModelType, {
    description: 'Changes the gate, the promotion mode, the backend, and how its predictions are made.',
  })
  @RequirePromotion()
  async updateModel(
    @CurrentPrincipal() principal: Principal,
    @Args('input') input: UpdateModelInput,
  ): Promise<ModelType> {
    return toModelType(await this.models.update(input, principal));
  }

  @Mutation(() => ModelVersionType, { description: 'Makes a version the champion.' })
  @RequirePromotion()
  async promoteVersion(
    @CurrentPrincipal() { userId: actorId }: Principal,
    @Args('input', { type: () => VersionDecisionInput }, new ZodPipe(versionDecisionSchema))
    { model, version, reason }: VersionDecisionInput,
  ): Promise<ModelVersionType> {
    return toVersionType(await this.promotions.promote({ model, reason, actorId }, version));
  }

  @Mutation(() => ModelVersionType, { description: 'Refuses a version for good: it is never served.' })
  @RequirePromotion()
  async rejectVersion(
    @CurrentPrincipal() { userId: actorId }: Principal,
    @Args('input', { type: () => VersionDecisionInput }, new ZodPipe(versionDecisionSchema))
    { model, version, reason }: VersionDecisionInput,
  ): Promise<ModelVersionType> {
    return toVersionType(await this.promotions.reject({ model, reason, actorId }, version));
  }

  @Mutation(() => ModelVersionType, { description: 'Brings the previous champion back; again, the one before it.' })
  @RequirePromotion()
  async rollback(
    @CurrentPrincipal() { userId: actorId }: Principal,
    @Args('input', { type: () => RollbackInput }, new ZodPipe(rollbackSchema)) { model, reason }: RollbackInput,
  ): Promise<ModelVersionType> {
    return toVersionType(await this.promotions.rollback({ model, reason, actorId }));
  }

  @ResolveField(() => ModelVersionType, { nullable: true, description: 'The version that serves by default.' })
  async champion(@Parent() model: ModelType, @Context() { request }: GraphqlContext): Promise<ModelVersionType | null> {
    const champion = await loadInBatch(request, 'championOf', (ids) => this.models.championsOf(ids), model.id);
    return champion ? toVersionType(champion) : null;
  }

  @ResolveField(() => [ModelVersionType], {
    description: 'Of each algorithm the newest version that passed the floors and was not rejected.',
  })
  async leads(@Parent() model: ModelType, @Context() { request }: GraphqlContext): Promise<ModelVersionType[]> {
    const leads = await loadInBatch(request, 'leadsOf', (ids) => this.models.leadsOf(ids), model.id);
    return (leads ?? []).map(toVersionType);
  }

  @ResolveField(() => ModelVersionPage)
  async versions(@Parent() model: ModelType, @Args() page: PageArgs): Promise<Page<ModelVersionType>> {
    return mapPage(await this.models.versionsOf(model.id, page), toVersionType);
  }
}
