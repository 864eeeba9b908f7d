import { Args, ID, Resolver, Subscription } from '@nestjs/graphql';
import { RequireRole } from '../auth/access.js';
import { idSchema } from '../auth/users/user.types.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { toRunType } from './training.mapping.js';
import { TrainingRunType } from './training.types.js';
import { TrainingRunFeed } from './training-run-feed.js';
import type { TrainingRun } from './training-run.entity.js';

@Resolver()
export class TrainingSubscriptionsResolver {
  constructor(private readonly feed: TrainingRunFeed) {}

  @Subscription(() => TrainingRunType, {
    description: 'A run as it is, and again with every change, progress included, until it has ended.',
    resolve: toRunType,
  })
  @RequireRole('VIEWER')
  async trainingRunChanged(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<AsyncIterableIterator<TrainingRun>> {
    return this.feed.follow(id);
  }
}
