import { Args, ID, Resolver, Subscription } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { idSchema } from '../../auth/users/user.types.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { BatchFeed } from './batch-feed.js';
import { toBatchType } from './batch.mapping.js';
import type { BatchPrediction } from './batch-prediction.entity.js';
import { BatchPredictionType } from './batch.types.js';

@Resolver()
export class BatchSubscriptionsResolver {
  constructor(private readonly feed: BatchFeed) {}

  @Subscription(() => BatchPredictionType, {
    description: 'A batch prediction as it is, and again with every change, progress included, until it has ended.',
    resolve: toBatchType,
  })
  @RequireRole('VIEWER')
  async batchPredictionChanged(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<AsyncIterableIterator<BatchPrediction>> {
    return this.feed.follow(id);
  }
}
