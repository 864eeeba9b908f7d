import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Model } from '../../models/model.entity.js';
import { Promotion } from '../../models/promotion.entity.js';
import { databaseTime } from '../../platform/database/database-time.js';
import { TrainingService } from '../../training/training.service.js';
import { Gathering } from './gathering.js';
import { afterGate, afterRuns, type RetrainingStep } from './retraining-step.js';
import type { Retraining } from './retraining.entity.js';
import { Retrainings } from './retrainings.js';

/**
 * Takes retrainings forward by what extractions, runs and the ledger have come to. A step is one transaction, and the
 * state it leads to is all that the next one knows: whoever is killed when, another scheduler goes on from there.
 */
@Injectable()
export class RetrainingMachine {
  constructor(
    private readonly retrainings: Retrainings,
    private readonly gathering: Gathering,
    private readonly training: TrainingService,
  ) {}

  /** One step, in the transaction of `manager`, which holds the row's lock. */
  async advance(manager: EntityManager, row: Retraining): Promise<void> {
    const model = await manager.findOneByOrFail(Model, { id: row.modelId });
    const step = await this.next(manager, row, model);
    await this.retrainings.apply(manager, row, model, step);
  }

  private async next(manager: EntityManager, row: Retraining, model: Model): Promise<RetrainingStep> {
    const { state, message, groupId } = row;
    if (state === 'GATHERING') return this.gathering.next(manager, row, model);
    if (groupId === null) throw new Error(`retraining ${row.id} is ${state} without a group of runs`);
    if (state === 'TRAINING') return afterRuns((await this.training.byGroups([groupId], manager)).get(groupId) ?? []);
    const verdict = await manager.findOneBy(Promotion, { contestId: groupId });
    const waited = (await databaseTime(manager)).getTime() - row.stateSince.getTime();
    return afterGate(verdict, waited / 1000, message);
  }
}
