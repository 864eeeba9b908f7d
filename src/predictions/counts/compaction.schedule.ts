import { Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { databaseTime } from '../../platform/database/database-time.js';
import { WindowCompaction } from './window-compaction.js';

/** Keeps the rows of counts few, whatever the traffic. Harmless on any number of schedulers. */
@Injectable()
export class CompactionSchedule {
  private readonly logger = new Logger('Predictions');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly compaction: WindowCompaction,
  ) {}

  @Cron('*/10 * * * * *', { name: 'window-counts', timeZone: 'UTC', waitForCompletion: true })
  async compact(): Promise<void> {
    try {
      // A host whose clock is ahead would merge counts that checks still want apart.
      await this.compaction.run(await databaseTime(this.dataSource.manager));
    } catch (error) {
      // Counts that are not merged are right all the same, only slower to read: the next run takes them up.
      this.logger.error({ err: error }, 'the counts of predictions could not be merged');
    }
  }
}
