import { Injectable } from '@nestjs/common';
import { ChangeListener } from '../../platform/events/change-listener.js';
import { followRow } from '../../platform/events/follow-row.js';
import type { BatchPrediction } from './batch-prediction.entity.js';
import { BatchPredictions } from './batch-predictions.js';
import { isOver } from './batch-state.js';

/** A batch as it goes on, on whichever replica. */
@Injectable()
export class BatchFeed {
  constructor(
    private readonly listener: ChangeListener,
    private readonly batches: BatchPredictions,
  ) {}

  /** The batch as it is, and again after every change until it has ended. @throws AppError NOT_FOUND */
  async follow(id: string): Promise<AsyncIterableIterator<BatchPrediction>> {
    const read = (): Promise<BatchPrediction> => this.batches.byId(id);
    return followRow(this.listener, 'batch-prediction', id, { read, isLast: ({ state }) => isOver(state) });
  }
}
