import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { cronTicks, DueRows, type DueTable } from '../platform/schedule/due-rows.js';
import { DatasetSchedule } from './dataset-schedule.entity.js';
import { ExtractionRequests } from './extraction-requests.js';
import { Extractions } from './extractions.js';

const EVERY_SECOND_MS = 1000;
const EVERY_MINUTE_MS = 60_000;

/** Starts the extractions whose time has come, and looks after those that nobody works on. */
@Injectable()
export class ExtractionSchedule {
  private readonly logger = new Logger('Extraction');
  private readonly due: DueRows<DatasetSchedule>;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly requests: ExtractionRequests,
    private readonly extractions: Extractions,
  ) {
    const table: DueTable<DatasetSchedule> = { entity: DatasetSchedule, takesPart: 'due.enabled', ticksOf: cronTicks };
    this.due = new DueRows(dataSource, table, (manager, schedule) => this.start(manager, schedule));
  }

  @Interval(EVERY_SECOND_MS)
  async fire(): Promise<void> {
    await this.due.fire();
  }

  @Interval(EVERY_MINUTE_MS)
  async requeueStranded(): Promise<void> {
    try {
      const stranded = await this.extractions.requeueStranded();
      if (stranded > 0) this.logger.warn({ stranded }, 'extractions without a job were enqueued again');
    } catch (error) {
      this.logger.error({ err: error }, 'extractions without a job could not be looked for');
    }
  }

  private async start(manager: EntityManager, { datasetId }: DatasetSchedule): Promise<void> {
    try {
      await this.requests.startWithin(manager, datasetId);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'CONFLICT') throw error;
      throw new AppError(
        'CONFLICT',
        'This tick was passed over: the extraction before it was still going on. Extract less often, or less data.',
      );
    }
  }
}
