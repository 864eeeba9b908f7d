import { Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { WindowCompaction } from './counts/window-compaction.js';
import { IdempotentRequests } from './idempotency/idempotent-requests.js';
import { Outcomes } from './outcomes/outcomes.service.js';
import { PredictionPartitions } from './prediction-partitions.js';

const DAY_MS = 86_400_000;

/**
 * Keeps a week of partitions ahead and drops those past their retention, with their counts and outcomes. Harmless on any number
 * of schedulers.
 */
@Injectable()
export class PartitionSchedule implements OnApplicationBootstrap {
  private readonly logger = new Logger('Predictions');

  constructor(
    private readonly partitions: PredictionPartitions,
    private readonly counts: WindowCompaction,
    private readonly outcomes: Outcomes,
    private readonly idempotency: IdempotentRequests,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** At boot as well: the process may not have run for longer than the lead. */
  async onApplicationBootstrap(): Promise<void> {
    await this.maintain();
  }

  @Cron('17 * * * *', { name: 'prediction-partitions', timeZone: 'UTC', waitForCompletion: true })
  async maintain(): Promise<void> {
    try {
      const now = new Date();
      await this.partitions.ensureAhead(now);
      const cutoff = new Date(now.getTime() - this.config.PREDICTION_RETENTION_DAYS * DAY_MS);
      const dropped = await this.partitions.dropBefore(cutoff);
      await this.counts.dropBefore(cutoff);
      await this.outcomes.dropBefore(cutoff);
      await this.idempotency.dropExpired();
      if (dropped.length > 0) this.logger.log({ dropped }, 'dropped partitions past their retention');
    } catch (error) {
      // Within a week of failures nothing is lost: the next hour tries again, and writers make a missing day themselves.
      this.logger.error({ err: error }, 'the partitions of the prediction log could not be maintained');
    }
  }
}
