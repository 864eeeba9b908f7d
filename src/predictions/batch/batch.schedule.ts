import { Injectable, Logger } from '@nestjs/common';
import { Cron, Interval } from '@nestjs/schedule';
import { BatchPredictions } from './batch-predictions.js';

const INTERVAL_MS = 60_000;

/** Looks after what workers that died silently, and deleted batches, leave behind. */
@Injectable()
export class BatchSchedule {
  private readonly logger = new Logger('BatchPredictions');

  constructor(private readonly batches: BatchPredictions) {}

  @Interval(INTERVAL_MS)
  async resume(): Promise<void> {
    try {
      await this.batches.requeueStranded();
    } catch (error) {
      this.logger.warn({ err: error }, 'active batches could not be looked for'); // The next turn looks again.
    }
  }

  @Cron('0 40 3 * * *', { timeZone: 'UTC' })
  async collect(): Promise<void> {
    try {
      const removed = await this.batches.collect();
      if (removed > 0) this.logger.log({ removed }, 'files of batches that are gone were removed');
    } catch (error) {
      this.logger.warn({ err: error }, 'files of batches could not be collected');
    }
  }
}
