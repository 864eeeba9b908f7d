import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import { AppError } from '../errors/app-error.js';
import { databaseTime } from '../platform/database/database-time.js';
import { cronProblem, nextTick, shortestGap } from '../platform/schedule/cron.js';
import { DatasetSchedule } from './dataset-schedule.entity.js';
import { DatasetsService } from './datasets.service.js';

export interface ScheduleOrder {
  readonly dataset: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly enabled: boolean;
}

/** More often than this, extractions would mostly find the one before still going on. */
const SHORTEST_GAP_SECONDS = 10;

/** When datasets are extracted by themselves. */
@Injectable()
export class ExtractionSchedules {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly datasets: DatasetsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError BAD_INPUT for ticks that never come or come too often; INVALID_STATE for a dataset of uploads. */
  async set(order: ScheduleOrder, principal: Principal): Promise<DatasetSchedule> {
    assertFires(order);
    const { cron, timeZone, enabled } = order;
    return this.dataSource.transaction(async (manager) => {
      const { id: datasetId } = await this.datasets.byName(order.dataset, manager);
      await this.assertHasSource(manager, datasetId, order.dataset);
      const nextAt = nextTick(cron, timeZone, await databaseTime(manager));
      const values = { datasetId, cron, timeZone, enabled, nextAt, failure: null, createdBy: principal.userId };
      await manager
        .createQueryBuilder()
        .insert()
        .into(DatasetSchedule)
        .values({ id: uuidv7(), ...values })
        .orUpdate(['cron', 'time_zone', 'enabled', 'next_at', 'failure', 'created_by'], ['dataset_id'])
        .execute();
      await this.record(manager, principal, 'dataset.scheduled', datasetId, { cron, timeZone, enabled });
      return manager.findOneByOrFail(DatasetSchedule, { datasetId });
    });
  }

  /** @throws AppError NOT_FOUND if there is none. */
  async remove(dataset: string, principal: Principal): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { id: datasetId } = await this.datasets.byName(dataset, manager);
      const { affected } = await manager.delete(DatasetSchedule, { datasetId });
      if (!affected) throw new AppError('NOT_FOUND', `Dataset ${dataset} has no schedule. There is nothing to remove.`);
      await this.record(manager, principal, 'dataset.unscheduled', datasetId, {});
    });
  }

  /** By dataset id. */
  async ofDatasets(datasetIds: readonly string[]): Promise<Map<string, DatasetSchedule>> {
    const schedules = await this.dataSource.manager.findBy(DatasetSchedule, { datasetId: In([...datasetIds]) });
    return new Map(schedules.map((schedule) => [schedule.datasetId, schedule]));
  }

  private async assertHasSource(manager: EntityManager, datasetId: string, name: string): Promise<void> {
    const source = (await this.datasets.currentSources([datasetId], manager)).get(datasetId);
    if (source?.kind !== 'UPLOAD') return;
    throw new AppError(
      'INVALID_STATE',
      `Dataset ${name} takes uploads, so there is nothing to fetch by the clock. Give it a source of another kind with updateDataset first.`,
    );
  }

  private record(manager: EntityManager, actor: Principal, action: string, id: string, details: object): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'dataset', id }, details: { ...details } });
  }
}

function assertFires({ cron, timeZone }: ScheduleOrder): void {
  const problem = cronProblem(cron, timeZone);
  if (problem !== undefined) throw new AppError('BAD_INPUT', problem);
  const gap = shortestGap(cron);
  if (gap >= SHORTEST_GAP_SECONDS) return;
  throw new AppError(
    'BAD_INPUT',
    `The cron expression fires every ${gap} s at times. Leave at least ${SHORTEST_GAP_SECONDS} s between extractions.`,
  );
}
