import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { LoggedPrediction } from '../prediction.types.js';
import { Erasure } from './erasure.service.js';
import {
  ErasedPredictions,
  LoggedOutcome,
  OutcomeCoverage,
  OutcomeSummary,
  RecordOutcomesInput,
} from './outcome.types.js';
import { listedOutcomes, Outcomes } from './outcomes.service.js';

@Resolver()
export class OutcomesResolver {
  constructor(
    private readonly outcomes: Outcomes,
    private readonly erasure: Erasure,
  ) {}

  @Mutation(() => OutcomeSummary, {
    description: 'Records what happened after predictions. The last value of each wins; every change is kept.',
  })
  @RequireRole('PREDICTOR')
  recordOutcomes(
    @Args('input') { outcomes, idempotencyKey }: RecordOutcomesInput,
    @CurrentPrincipal() principal: Principal,
  ): Promise<OutcomeSummary> {
    if (typeof idempotencyKey === 'string') return this.outcomes.recordOnce(outcomes, principal, idempotencyKey);
    return this.outcomes.record(listedOutcomes(outcomes), principal);
  }

  @Query(() => OutcomeCoverage, {
    description: 'How many predictions of a model, made from `from` to before `to`, have an outcome.',
  })
  @RequireRole('VIEWER')
  outcomeCoverage(
    @Args('model') model: string,
    @Args('from') from: Date,
    @Args('to') to: Date,
  ): Promise<OutcomeCoverage> {
    return this.outcomes.coverage(model, from, to);
  }

  @Mutation(() => ErasedPredictions, {
    description: 'Erases all logged predictions with a correlation id, of one model or of all, and their outcomes.',
  })
  @RequireRole('ADMIN')
  erasePredictions(
    @Args('correlationId') correlationId: string,
    @Args('model', { type: () => String, nullable: true }) model: string | null,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ErasedPredictions> {
    return this.erasure.erase({ correlationId, model: model ?? null }, principal);
  }
}

@Resolver(() => LoggedPrediction)
export class LoggedOutcomeResolver {
  constructor(private readonly outcomes: Outcomes) {}

  @ResolveField(() => LoggedOutcome, { nullable: true, description: 'What happened after it, once that is known.' })
  async outcome(
    @Parent() { id }: LoggedPrediction,
    @Context() { request }: GraphqlContext,
  ): Promise<LoggedOutcome | null> {
    const load = (ids: readonly string[]) => this.outcomes.ofPredictions(ids);
    const history = await loadInBatch(request, 'predictions.outcomes', load, id);
    if (!history) return null;
    const { value, occurredAt, receivedAt } = history.outcome;
    return { value, occurredAt, receivedAt, changes: history.changes };
  }
}
