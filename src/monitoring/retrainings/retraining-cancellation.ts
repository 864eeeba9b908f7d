import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import { DatasetVersion } from '../../datasets/dataset-version.entity.js';
import { cancellationOf } from '../../datasets/extraction-state.js';
import { Extractions } from '../../datasets/extractions.js';
import { AppError } from '../../errors/app-error.js';
import { Model } from '../../models/model.entity.js';
import { TrainingRuns } from '../../training/training-runs.js';
import type { RetrainingStep } from './retraining-step.js';
import { Retraining } from './retraining.entity.js';
import { Retrainings } from './retrainings.js';

/** Ends retrainings that a person does not want. */
@Injectable()
export class RetrainingCancellation {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly retrainings: Retrainings,
    private readonly extractions: Extractions,
    private readonly runs: TrainingRuns,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError NOT_FOUND, or INVALID_STATE if it is too late. */
  async cancel(id: string, actor: Principal): Promise<Retraining> {
    return this.dataSource.transaction(async (manager) => {
      const row = await manager.findOne(Retraining, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!row) throw new AppError('NOT_FOUND', `There is no retraining ${id}. The query \`retrainings\` lists them.`);
      const model = await manager.findOneByOrFail(Model, { id: row.modelId });
      await this.retrainings.apply(manager, row, model, await this.stop(manager, row));
      const subject = { kind: 'retraining', id };
      await this.audit.record(manager, { actor, action: 'retraining.cancelled', subject });
      return manager.findOneByOrFail(Retraining, { id });
    });
  }

  private async stop(manager: EntityManager, row: Retraining): Promise<RetrainingStep> {
    const { id, state, extractionId, groupId } = row;
    if (state === 'GATHERING') {
      if (extractionId !== null) await this.stopExtraction(manager, extractionId);
      return { state: 'CANCELLED', message: 'Cancelled before its trainings began.' };
    }
    if (state === 'TRAINING' && groupId !== null) {
      // It ends with the last of them; one that has registered its version by now is not lost.
      await this.runs.cancelGroup(manager, groupId);
      return { state, message: 'stopping its trainings' };
    }
    const advice = state === 'JUDGING' ? 'The gate is judging it; reject its version instead.' : 'It is over.';
    throw new AppError('INVALID_STATE', `Retraining ${id} is ${state}. ${advice}`);
  }

  private async stopExtraction(manager: EntityManager, extractionId: string): Promise<void> {
    const extraction = await manager.findOne(DatasetVersion, {
      where: { id: extractionId },
      lock: { mode: 'pessimistic_write' },
    });
    if (extraction && cancellationOf(extraction.state)) await this.extractions.requestCancel(manager, extractionId);
  }
}
