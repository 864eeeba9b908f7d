import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { cronTicks, DueRows, type DueTable } from '../platform/schedule/due-rows.js';
import { DatasetSchedule } from './dataset-schedule.entity.js';
import { ExtractionRequests } from './extraction-requests.js';

const EVERY_SECOND_MS = 1000;

/** Starts the extractions whose time has come. */
@Injectable()
export class ExtractionSchedule {
  private readonly due: DueRows<DatasetSchedule>;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly requests: ExtractionRequests,
  ) {
    const table: DueTable<DatasetSchedule> = { entity: DatasetSchedule, takesPart: 'due.enabled', ticksOf: cronTicks };
    this.due = new DueRows(dataSource, table, (manager, schedule) => this.start(manager, schedule));
  }

  @Interval(EVERY_SECOND_MS)
  async fire(): Promise<void> {
    await this.due.fire();
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
