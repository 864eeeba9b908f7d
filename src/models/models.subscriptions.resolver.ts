import { Args, Resolver, Subscription } from '@nestjs/graphql';
import { RequireRole } from '../auth/access.js';
import { LedgerFeed } from './ledger-feed.js';
import { toPromotionType } from './models.mapping.js';
import { PromotionType } from './models.types.js';
import type { Promotion } from './promotion.entity.js';

@Resolver()
export class ModelsSubscriptionsResolver {
  constructor(private readonly ledger: LedgerFeed) {}

  @Subscription(() => PromotionType, {
    description: 'Entries of the ledger as they come, of one model or of all.',
    resolve: toPromotionType,
  })
  @RequireRole('VIEWER')
  async stageChanged(
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<AsyncIterableIterator<Promotion>> {
    return this.ledger.follow(model ?? undefined);
  }
}
