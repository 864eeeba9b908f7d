import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ModelChanges } from '../../models/model-changes.js';
import { addedRows } from '../../platform/events/added-rows.js';
import { DriftReport } from './drift-report.entity.js';

/** Reports as checks leave them, on whichever replica. */
@Injectable()
export class ReportFeed {
  constructor(
    private readonly changes: ModelChanges,
    @InjectRepository(DriftReport) private readonly reports: Repository<DriftReport>,
  ) {}

  /** Reports from now on, on one model or on all, without their documents. @throws AppError NOT_FOUND */
  follow(modelName: string | undefined): Promise<AsyncIterableIterator<DriftReport>> {
    return this.changes.follow('drift-report', modelName, (modelId, signals) =>
      addedRows(this.reports, modelId, signals),
    );
  }
}
