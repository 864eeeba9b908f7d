import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { EventLog } from '../../platform/events/event-log.js';
import { cronTicks, DueRows } from '../../platform/schedule/due-rows.js';
import { MonitoringPolicy } from '../policies/monitoring-policy.entity.js';
import { tellOfFailure } from './check-failure.js';
import { ScheduledChecks } from './scheduled-checks.js';

/** Predictions are logged within moments of their ids' time: a check comes later by this, so as not to miss them. */
export const CHECK_LAG_SECONDS = 2;

/** Checks what is due. Any number of schedulers make each check once. */
@Injectable()
export class CheckSchedule {
  private readonly due: DueRows<MonitoringPolicy>;

  constructor(@InjectDataSource() dataSource: DataSource, checks: ScheduledChecks, events: EventLog) {
    this.due = new DueRows(
      dataSource,
      {
        entity: MonitoringPolicy,
        takesPart: 'due.enabled',
        lag: `make_interval(secs => ${CHECK_LAG_SECONDS})`,
        ticksOf: ({ settings: { cron, timeZone }, ...row }, now) => cronTicks({ ...row, cron, timeZone }, now),
        onFailure: (manager, policy, tick, failure) => tellOfFailure(manager, events, policy, tick, failure),
      },
      (manager, policy, tick) => checks.check(manager, policy, tick),
    );
  }

  @Interval('drift-checks', 1_000)
  async check(): Promise<void> {
    await this.due.fire();
  }
}
