import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { JobQueue } from '../platform/queue/job-queue.js';
import { collectObjectsJob } from './datasets.jobs.js';

const KEY = 'daily';

/** Deletions start a collection themselves; once a day, what a killed worker or API left behind is found too. */
@Injectable()
export class CollectObjectsSchedule {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
  ) {}

  @Cron('0 20 3 * * *', { timeZone: 'UTC' })
  async collect(): Promise<void> {
    await this.queue.enqueue(this.dataSource.manager, collectObjectsJob, KEY, {});
  }
}
