import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequirePromotion } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { Challenges } from './challenges.js';
import { ChallengeType, type StartChallenge, StartChallengeInput, startChallengeSchema } from './challenges.types.js';
import { toChallengeType, toModelType } from './models.mapping.js';
import { RollbackInput, rollbackSchema } from './models.inputs.js';
import { ModelType } from './models.types.js';

@Resolver(() => ModelType)
export class ChallengesResolver {
  constructor(private readonly challenges: Challenges) {}

  @Mutation(() => ModelType, {
    description: 'Tries a version beside the champion, until `endChallenge` or until another version becomes champion.',
  })
  @RequirePromotion()
  async startChallenge(
    @CurrentPrincipal() { userId: actorId }: Principal,
    @Args('input', { type: () => StartChallengeInput }, new ZodPipe(startChallengeSchema)) input: StartChallenge,
  ): Promise<ModelType> {
    return toModelType(await this.challenges.start({ ...input, actorId }));
  }

  @Mutation(() => ModelType, { description: 'The champion alone serves again, within a second.' })
  @RequirePromotion()
  async endChallenge(
    @CurrentPrincipal() { userId: actorId }: Principal,
    @Args('input', { type: () => RollbackInput }, new ZodPipe(rollbackSchema)) { model, reason }: RollbackInput,
  ): Promise<ModelType> {
    return toModelType(await this.challenges.end(model, { reason, actorId }));
  }

  @ResolveField(() => ChallengeType, { nullable: true, description: 'The version that is tried beside the champion.' })
  async challenge(@Parent() { id }: ModelType, @Context() { request }: GraphqlContext): Promise<ChallengeType | null> {
    const active = await loadInBatch(request, 'challengeOf', (ids) => this.challenges.activeOf(ids), id);
    return active ? toChallengeType(active) : null;
  }
}
