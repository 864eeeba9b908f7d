import { Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { LoggedEvent } from '../../platform/events/logged-event.entity.js';

const KEPT_DAYS = 90;

/** Removes old events, and their deliveries with them. Harmless on any number of schedulers. */
@Injectable()
export class EventRetentionSchedule {
  private readonly logger = new Logger('Webhooks');

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  @Cron('0 40 3 * * *', { name: 'event-retention', timeZone: 'UTC', waitForCompletion: true })
  async remove(): Promise<void> {
    try {
      const old = this.dataSource.createQueryBuilder().delete().from(LoggedEvent);
      await old.where(`created_at < now() - interval '${KEPT_DAYS} days'`).execute();
    } catch (error) {
      this.logger.error({ err: error }, 'old events could not be removed'); // The next day tries again.
    }
  }
}
