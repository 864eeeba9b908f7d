import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { ModelChanges } from '../../models/model-changes.js';
import { type ChangeSubscription, RELOAD } from '../../platform/events/change-subscription.js';
import { Retraining } from './retraining.entity.js';

/** Most retrainings that a reader gets at once who has missed some. */
const MAX_MISSED = 100;

/** Retrainings as they go on, on whichever replica. */
@Injectable()
export class RetrainingFeed {
  constructor(
    private readonly changes: ModelChanges,
    @InjectRepository(Retraining) private readonly retrainings: Repository<Retraining>,
  ) {}

  /**
   * Each retraining of one model or of all as it begins, and again with every change, from now on; a state may come
   * twice where the connection to the database was lost between the two.
   * @throws AppError NOT_FOUND
   */
  follow(modelName: string | undefined): Promise<AsyncIterableIterator<Retraining>> {
    return this.changes.follow('retraining', modelName, (modelId, signals) => this.states(modelId, signals));
  }

  private async *states(
    modelId: string | undefined,
    signals: ChangeSubscription,
  ): AsyncGenerator<Retraining, void, undefined> {
    const ofModel = modelId !== undefined && { modelId };
    const newest = await this.retrainings.findOne({ where: { ...ofModel }, order: { stateSince: 'DESC' } });
    let last = newest?.stateSince ?? new Date(0);
    for await (const signal of signals) {
      const where = signal === RELOAD ? { ...ofModel, stateSince: MoreThan(last) } : { id: signal.id };
      for (const row of await this.retrainings.find({ where, order: { stateSince: 'ASC' }, take: MAX_MISSED })) {
        yield row;
        if (row.stateSince > last) last = row.stateSince;
      }
    }
  }
}
