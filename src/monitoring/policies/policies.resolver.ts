import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { AppError } from '../../errors/app-error.js';
import { toModelType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { Policies } from './policies.service.js';
import { type PolicyOrder, policyOrderSchema } from './policy-input.js';
import { toPolicyType } from './policy.mapping.js';
import { MonitoringPolicyInput, MonitoringPolicyPage, MonitoringPolicyType } from './policy.types.js';

@Resolver(() => MonitoringPolicyType)
export class PoliciesResolver {
  constructor(
    private readonly policies: Policies,
    private readonly models: ModelsService,
  ) {}

  @Query(() => MonitoringPolicyPage, { name: 'monitoringPolicies', description: 'All policies, newest first.' })
  @RequireRole('VIEWER')
  async list(@Args() page: PageArgs): Promise<Page<MonitoringPolicyType>> {
    return mapPage(await this.policies.list(page), toPolicyType);
  }

  @Mutation(() => MonitoringPolicyType, {
    description: 'Watches a model by the clock, or replaces how it is watched: what is left out gets its default.',
  })
  @RequireRole('ENGINEER')
  async setMonitoringPolicy(
    @Args('input', { type: () => MonitoringPolicyInput }, new ZodPipe(policyOrderSchema)) order: PolicyOrder,
    @CurrentPrincipal() principal: Principal,
  ): Promise<MonitoringPolicyType> {
    return toPolicyType(await this.policies.set(order, principal));
  }

  @Mutation(() => Boolean, { description: 'The model is watched no more; reports and decisions stay.' })
  @RequireRole('ENGINEER')
  async removeMonitoringPolicy(
    @Args('model') model: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<boolean> {
    await this.policies.remove(model, principal);
    return true;
  }

  @ResolveField(() => ModelType)
  async model(@Parent() policy: MonitoringPolicyType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), policy.modelId);
    if (!model) throw new AppError('NOT_FOUND', 'The model of this policy was deleted a moment ago.');
    return toModelType(model);
  }

  @ResolveField(() => [String], { description: 'What may not be meant, as things stand.' })
  async warnings(@Parent() policy: MonitoringPolicyType, @Context() { request }: GraphqlContext): Promise<string[]> {
    const load = (ids: readonly string[]) => this.policies.warningsOf(ids);
    return (await loadInBatch(request, 'policyWarnings', load, policy.modelId)) ?? [];
  }
}

/** The policy of a model, which knows nothing of it. */
@Resolver(() => ModelType)
export class ModelPolicyResolver {
  constructor(private readonly policies: Policies) {}

  @ResolveField(() => MonitoringPolicyType, { nullable: true, description: 'How it is watched; null: it is not.' })
  async policy(
    @Parent() { id }: ModelType,
    @Context() { request }: GraphqlContext,
  ): Promise<MonitoringPolicyType | null> {
    const policy = await loadInBatch(request, 'policyOf', (ids) => this.policies.ofModels(ids), id);
    return policy ? toPolicyType(policy) : null;
  }
}
