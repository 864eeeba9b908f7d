import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { ChangeListener } from '../platform/events/change-listener.js';
import { type ChangeSubscription, RELOAD } from '../platform/events/change-subscription.js';
import { ModelRegistry } from './model-registry.js';
import { Promotion } from './promotion.entity.js';

/** Most entries that a reader gets at once who has missed some. */
const MAX_MISSED = 100;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** The ledger as it grows, on whichever replica. */
@Injectable()
export class LedgerFeed {
  constructor(
    private readonly listener: ChangeListener,
    private readonly registry: ModelRegistry,
    @InjectRepository(Promotion) private readonly ledger: Repository<Promotion>,
  ) {}

  /**
   * Entries from now on; one may come twice where the connection to the database was lost between the two.
   * @param modelName undefined for all models.
   * @throws AppError NOT_FOUND
   */
  async follow(modelName: string | undefined): Promise<AsyncIterableIterator<Promotion>> {
    const modelId = modelName === undefined ? undefined : (await this.registry.modelByName(modelName)).id;
    return this.listener.follow(
      'stage',
      (change) => modelId === undefined || change.modelId === modelId,
      (signals) => this.entries(modelId, signals),
    );
  }

  private async *entries(
    modelId: string | undefined,
    signals: ChangeSubscription,
  ): AsyncGenerator<Promotion, void, undefined> {
    const ofModel = modelId !== undefined && { modelId };
    const newest = await this.ledger.findOne({ where: { ...ofModel }, order: { id: 'DESC' } });
    let last = newest?.id ?? BEFORE_ALL;
    for await (const signal of signals) {
      const where = signal === RELOAD ? { ...ofModel, id: MoreThan(last) } : { id: signal.id };
      for (const entry of await this.ledger.find({ where, order: { id: 'ASC' }, take: MAX_MISSED })) {
        yield entry;
        if (entry.id > last) last = entry.id;
      }
    }
  }
}
