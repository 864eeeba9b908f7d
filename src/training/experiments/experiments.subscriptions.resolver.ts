import { Args, ID, Resolver, Subscription } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { idSchema } from '../../auth/users/user.types.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { ExperimentFeed } from './experiment-feed.js';
import type { Experiment } from './experiment.entity.js';
import { toExperimentType } from './experiments.mapping.js';
import { ExperimentType } from './experiments.types.js';

@Resolver()
export class ExperimentsSubscriptionsResolver {
  constructor(private readonly feed: ExperimentFeed) {}

  @Subscription(() => ExperimentType, {
    description: 'An experiment as it is, and again with every change, progress included, until it is over.',
    resolve: toExperimentType,
  })
  @RequireRole('VIEWER')
  async experimentChanged(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<AsyncIterableIterator<Experiment>> {
    return this.feed.follow(id);
  }
}
