import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Model } from '../../models/model.entity.js';
import { Promotion } from '../../models/promotion.entity.js';
import { ChangeFeed } from '../../platform/events/change-feed.js';
import { EventLog } from '../../platform/events/event-log.js';
import { TrainingRun } from '../../training/training-run.entity.js';
import { RetrainingDecision } from '../decisions/retraining-decision.entity.js';
import type { MonitoringPolicy } from '../policies/monitoring-policy.entity.js';
import { endEvent } from './retraining-event.js';
import { isOver, type RetrainingStep } from './retraining-step.js';
import { Retraining } from './retraining.entity.js';

/** What a decision to retrain is carried out with. */
export interface RetrainingOrder {
  readonly policy: Pick<MonitoringPolicy, 'id' | 'settings'>;
  readonly model: Pick<Model, 'id' | 'name'>;
  readonly decision: Pick<RetrainingDecision, 'id' | 'reportId' | 'trigger' | 'reason'>;
}

/** Begins retrainings, and writes what they come to. */
@Injectable()
export class Retrainings {
  constructor(
    private readonly events: EventLog,
    private readonly feed: ChangeFeed,
  ) {}

  /** Begins a retraining in the transaction of `manager`. The scheduler takes it from there. */
  async begin(manager: EntityManager, { policy, model, decision }: RetrainingOrder): Promise<Retraining> {
    const { trigger, reason } = decision;
    if (trigger === null) throw new Error(`decision ${decision.id} has no trigger`);
    const id = uuidv7();
    const { data, algorithms } = policy.settings;
    await manager.insert(Retraining, {
      id,
      modelId: model.id,
      policyId: policy.id,
      decisionId: decision.id,
      trigger,
      state: 'GATHERING',
      data,
      algorithms: algorithms && [...algorithms],
      message: 'waiting for data',
    });
    await this.events.record(manager, {
      kind: 'RETRAINING_STARTED',
      modelId: model.id,
      modelName: model.name,
      subjectId: id,
      payload: { retrainingId: id, decisionId: decision.id, reportId: decision.reportId, trigger, reason },
    });
    await this.feed.publish(manager, 'retraining', { id, modelId: model.id });
    return manager.findOneByOrFail(Retraining, { id });
  }

  /** Writes a step, in the transaction that holds the row's lock; an end is also told. */
  async apply(manager: EntityManager, row: Retraining, model: Model, step: RetrainingStep): Promise<void> {
    const { state, message, changes } = step;
    if (state === row.state && message === row.message && !changes) return;
    await manager.update(Retraining, row.id, {
      ...changes,
      state,
      message,
      ...(state !== row.state && { stateSince: () => 'clock_timestamp()' }),
      ...(isOver(state) && { finishedAt: () => 'clock_timestamp()' }),
    });
    await this.feed.publish(manager, 'retraining', { id: row.id, modelId: model.id });
    if (isOver(state)) await this.tellEnd(manager, Object.assign(row, changes, { state, message }), model);
  }

  /** Ends a retraining for a reason of its own. */
  async fail(manager: EntityManager, row: Retraining, reason: string): Promise<void> {
    const model = await manager.findOneByOrFail(Model, { id: row.modelId });
    await this.apply(manager, row, model, { state: 'FAILED', message: reason });
  }

  private async tellEnd(manager: EntityManager, retraining: Retraining, model: Model): Promise<void> {
    const { decisionId, groupId } = retraining;
    const decision = await manager.findOneBy(RetrainingDecision, { id: decisionId });
    const runs = groupId === null ? [] : await manager.findBy(TrainingRun, { groupId });
    const promotion = groupId === null ? null : await manager.findOneBy(Promotion, { contestId: groupId });
    const reportId = decision?.reportId ?? null;
    await this.events.record(
      manager,
      endEvent({ retraining, model, reportId, runIds: runs.map(({ id }) => id), promotion }),
    );
  }
}
