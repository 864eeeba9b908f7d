import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { addedRows } from '../platform/events/added-rows.js';
import { ModelChanges } from './model-changes.js';
import { Promotion } from './promotion.entity.js';

/** The ledger as it grows, on whichever replica. */
@Injectable()
export class LedgerFeed {
  constructor(
    private readonly changes: ModelChanges,
    @InjectRepository(Promotion) private readonly ledger: Repository<Promotion>,
  ) {}

  /** Entries from now on, of one model or of all. @throws AppError NOT_FOUND */
  follow(modelName: string | undefined): Promise<AsyncIterableIterator<Promotion>> {
    return this.changes.follow('stage', modelName, (modelId, signals) => addedRows(this.ledger, modelId, signals));
  }
}
