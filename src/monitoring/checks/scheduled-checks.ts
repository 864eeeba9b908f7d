import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { Model } from '../../models/model.entity.js';
import { databaseTime } from '../../platform/database/database-time.js';
import { ChangeFeed } from '../../platform/events/change-feed.js';
import { EventLog } from '../../platform/events/event-log.js';
import { Decisions } from '../decisions/decisions.js';
import type { MonitoringPolicy } from '../policies/monitoring-policy.entity.js';
import { driftEvent } from '../reports/drift-event.js';
import { DriftReport } from '../reports/drift-report.entity.js';
import { reportOf } from '../reports/report.js';
import { Champions } from './champions.js';
import { checkWindow } from './check-window.js';
import { Examinations } from './examinations.js';

type NewReport = Omit<DriftReport, 'createdAt'>;

/** Checks models by their policies. */
@Injectable()
export class ScheduledChecks {
  constructor(
    private readonly champions: Champions,
    private readonly examinations: Examinations,
    private readonly decisions: Decisions,
    private readonly events: EventLog,
    private readonly feed: ChangeFeed,
  ) {}

  /**
   * Checks the champion's window that ends at the tick: report, decision and what follows from it, all in the
   * transaction of `manager`.
   * @throws AppError INVALID_STATE if the model can't be checked; its message is for the policy.
   */
  async check(manager: EntityManager, policy: MonitoringPolicy, tick: Date): Promise<void> {
    const model = await lockAtOnce(manager, policy.modelId);
    const { settings } = policy;
    const champion = await this.champions.present(manager, model.id);
    if (!champion) throw noChampion(model);
    const { version, since: servesSince } = champion;
    const now = await databaseTime(manager);
    const window = checkWindow(tick, settings.windowSeconds, now, servesSince);
    const examination = await this.examinations.examine(manager, { version, servesSince, window, settings });
    const document = reportOf({
      id: uuidv7(),
      model: model.name,
      version,
      window,
      createdAt: now,
      settings,
      examination,
    });
    const report: NewReport = {
      id: document.id,
      modelId: model.id,
      versionId: version.id,
      tick,
      windowFrom: window.from,
      windowTo: window.to,
      verdict: document.verdict,
      rows: document.rows,
      document,
    };
    if (!(await insertReport(manager, report))) return;
    await this.feed.publish(manager, 'drift-report', { id: report.id, modelId: model.id });
    if (report.verdict === 'DRIFT') await this.events.record(manager, driftEvent(document, model.id));
    await this.decisions.take(manager, { policy, model, version, servesSince, report });
  }
}

/**
 * The model's row, which promotions and the deletion of the model lock as well. Whoever holds it may be waiting for the
 * policy that this transaction holds, so it is had at once or not at all: then the tick stays due.
 */
async function lockAtOnce(manager: EntityManager, id: string): Promise<Model> {
  return manager.findOneOrFail(Model, { where: { id }, lock: { mode: 'pessimistic_write', onLocked: 'nowait' } });
}

/** @returns false if this tick was reported on before. */
async function insertReport(manager: EntityManager, report: NewReport): Promise<boolean> {
  const { raw } = (await manager
    .createQueryBuilder()
    .insert()
    .into(DriftReport)
    .values(report)
    .orIgnore()
    .returning('id')
    .execute()) as { raw: unknown[] };
  return raw.length > 0;
}

function noChampion({ name }: Model): AppError {
  return new AppError(
    'INVALID_STATE',
    `Model ${name} has no champion, so there is nothing to check. Promote a version with promoteVersion.`,
  );
}
