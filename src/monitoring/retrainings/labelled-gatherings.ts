import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, IsNull } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { Model } from '../../models/model.entity.js';
import type { RetrainingStep } from './retraining-step.js';
import { Retraining } from './retraining.entity.js';
import { Retrainings } from './retrainings.js';

/** States of retrainings that a worker gathers labelled predictions for. Once an extraction is there, nothing changes. */
@Injectable()
export class LabelledGatherings {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly retrainings: Retrainings,
  ) {}

  /** Undefined if there is nothing left to gather. */
  async takeUp(id: string): Promise<Retraining | undefined> {
    const { manager } = this.dataSource;
    const { affected } = await manager.update(Retraining, open(id), { attempts: () => 'attempts + 1' });
    return affected === 1 ? manager.findOneByOrFail(Retraining, { id }) : undefined;
  }

  /** Gives it back unfinished: that does not count as an attempt. */
  async handBack(id: string): Promise<void> {
    await this.dataSource.manager.update(Retraining, open(id), { attempts: () => 'attempts - 1' });
  }

  /** Lets it wait for the extraction of what was gathered. @throws AppError CONFLICT if it is over or waits already. */
  async wait(manager: EntityManager, id: string, extractionId: string): Promise<void> {
    const { affected } = await manager.update(Retraining, open(id), { extractionId });
    if (affected !== 1) throw new AppError('CONFLICT', 'The retraining does not wait for data any more.');
  }

  async end(id: string, step: RetrainingStep): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const row = await manager.findOne(Retraining, { where: open(id), lock: { mode: 'pessimistic_write' } });
      if (!row) return;
      const model = await manager.findOneByOrFail(Model, { id: row.modelId });
      await this.retrainings.apply(manager, row, model, step);
    });
  }
}

function open(id: string) {
  return { id, state: 'GATHERING', extractionId: IsNull() } as const;
}
