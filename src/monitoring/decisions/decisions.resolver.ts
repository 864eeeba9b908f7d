import { Args, Context, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { idSchema } from '../../auth/users/user.types.js';
import { AppError } from '../../errors/app-error.js';
import { toModelType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { RetrainingHistory } from '../retrainings/retraining-history.js';
import { toRetrainingType } from '../retrainings/retraining.mapping.js';
import { RetrainingType } from '../retrainings/retraining.types.js';
import { DecisionHistory } from './decision-history.js';
import { toDecisionType } from './decision.mapping.js';
import { DecisionExplanation, RetrainingDecisionPage, RetrainingDecisionType } from './decision.types.js';

@Resolver(() => RetrainingDecisionType)
export class DecisionsResolver {
  constructor(
    private readonly decisions: DecisionHistory,
    private readonly retrainings: RetrainingHistory,
    private readonly models: ModelsService,
  ) {}

  @Query(() => RetrainingDecisionPage, {
    description: 'What was decided after checks, also "no"; of one model or of all, newest first.',
  })
  @RequireRole('VIEWER')
  async retrainingDecisions(
    @Args() page: PageArgs,
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<Page<RetrainingDecisionType>> {
    return mapPage(await this.decisions.list(model ?? undefined, page), toDecisionType);
  }

  @Query(() => RetrainingDecisionType)
  @RequireRole('VIEWER')
  async retrainingDecision(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<RetrainingDecisionType> {
    return toDecisionType(await this.decisions.byId(id));
  }

  @Query(() => DecisionExplanation, { description: 'Why a model was trained anew, or why not.' })
  @RequireRole('VIEWER')
  async explainDecision(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<DecisionExplanation> {
    const decision = await this.decisions.byId(id);
    const { inputs, steps } = decision;
    return { decision: toDecisionType(decision), steps, inputs };
  }

  @ResolveField(() => ModelType)
  async model(@Parent() decision: RetrainingDecisionType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), decision.modelId);
    if (!model) throw new AppError('NOT_FOUND', 'The model of this decision was deleted a moment ago.');
    return toModelType(model);
  }

  @ResolveField(() => RetrainingType, { nullable: true, description: 'The retraining that it began.' })
  async retraining(
    @Parent() { id, verdict }: RetrainingDecisionType,
    @Context() { request }: GraphqlContext,
  ): Promise<RetrainingType | null> {
    if (verdict !== 'RETRAIN') return null;
    const load = (ids: readonly string[]) => this.retrainings.ofDecisions(ids);
    const retraining = await loadInBatch(request, 'retrainingOfDecision', load, id);
    return retraining ? toRetrainingType(retraining) : null;
  }
}
