import { Inject, Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { databaseTime } from '../../platform/database/database-time.js';
import { Reports } from './reports.service.js';

const DAY_MS = 86_400_000;

/** Reports go with the predictions that they speak of. Harmless on any number of schedulers. */
@Injectable()
export class ReportRetentionSchedule {
  private readonly logger = new Logger('Monitoring');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reports: Reports,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Cron('37 * * * *', { name: 'drift-reports', timeZone: 'UTC', waitForCompletion: true })
  async drop(): Promise<void> {
    try {
      const now = await databaseTime(this.dataSource.manager);
      const cutoff = new Date(now.getTime() - this.config.PREDICTION_RETENTION_DAYS * DAY_MS);
      const dropped = await this.reports.dropBefore(cutoff);
      if (dropped > 0) this.logger.log({ dropped }, 'dropped reports past their retention');
    } catch (error) {
      // What is old stays old: the next hour tries again.
      this.logger.error({ err: error }, 'old reports could not be dropped');
    }
  }
}
