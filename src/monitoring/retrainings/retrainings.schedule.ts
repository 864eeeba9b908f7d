import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, IsNull } from 'typeorm';
import { toPublicError } from '../../errors/public-error.js';
import { isConcurrencyError } from '../../platform/database/concurrency-error.js';
import { RetrainingMachine } from './retraining-machine.js';
import { Retraining } from './retraining.entity.js';
import { Retrainings } from './retrainings.js';

const INTERVAL_MS = 1_000;

/** Takes every active retraining a step forward each second. Of several schedulers one takes a row, the others pass it. */
@Injectable()
export class RetrainingsSchedule {
  private readonly logger = new Logger('Retraining');
  private isRunning = false;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly machine: RetrainingMachine,
    private readonly retrainings: Retrainings,
  ) {}

  @Interval(INTERVAL_MS)
  async advanceAll(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      const where = { finishedAt: IsNull() };
      const active = await this.dataSource.manager.find(Retraining, {
        where,
        select: { id: true },
        order: { id: 'ASC' },
      });
      for (const { id } of active) await this.advance(id);
    } catch (error) {
      this.logger.error({ err: error }, 'active retrainings could not be looked for');
    } finally {
      this.isRunning = false;
    }
  }

  private async advance(id: string): Promise<void> {
    try {
      await this.withLocked(id, (manager, row) => this.machine.advance(manager, row));
    } catch (error) {
      await this.afterError(id, error).catch((again: unknown) => {
        this.logger.error({ err: again, id }, 'the failure of a retraining could not be noted');
      });
    }
  }

  /** A step that failed would fail again each second, so it ends the retraining, unless only the database was away. */
  private async afterError(id: string, error: unknown): Promise<void> {
    const { code, message } = toPublicError(error);
    if (code === 'UNAVAILABLE' || isConcurrencyError(error)) {
      this.logger.warn({ err: error, id }, 'a retraining could not go on now');
      return;
    }
    this.logger.error({ err: error, id }, 'a retraining failed');
    await this.withLocked(id, (manager, row) => this.retrainings.fail(manager, row, message));
  }

  private async withLocked(
    id: string,
    work: (manager: EntityManager, row: Retraining) => Promise<void>,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const row = await manager.findOne(Retraining, {
        where: { id, finishedAt: IsNull() },
        lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
      });
      if (row) await work(manager, row);
    });
  }
}
