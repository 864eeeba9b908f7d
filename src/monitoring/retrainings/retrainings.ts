import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Model } from '../../models/model.entity.js';
import { ChangeFeed } from '../../platform/events/change-feed.js';
import { EventLog } from '../../platform/events/event-log.js';
import type { RetrainingDecision } from '../decisions/retraining-decision.entity.js';
import type { MonitoringPolicy } from '../policies/monitoring-policy.entity.js';
import { Retraining } from './retraining.entity.js';

/** What a decision to retrain is carried out with. */
export interface RetrainingOrder {
  readonly policy: Pick<MonitoringPolicy, 'id' | 'settings'>;
  readonly model: Pick<Model, 'id' | 'name'>;
  readonly decision: Pick<RetrainingDecision, 'id' | 'reportId' | 'trigger' | 'reason'>;
}

/** Begins retrainings. */
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
}
