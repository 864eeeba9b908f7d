import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, In } from 'typeorm';
import { JobQueue } from '../platform/queue/job-queue.js';
import { ACTIVE_STATES } from './run-state.js';
import { trainJob } from './training.jobs.js';
import { TrainingRun } from './training-run.entity.js';

const INTERVAL_MS = 60_000;
/** Runs looked at in one go, the oldest first; the others have their turn when these have ended. */
const MOST = 500;

/**
 * A job whose workers died silently at every attempt is over, and its run would stay active for ever. So runs get their
 * job again: where there still is one, the new one is dropped, and attempts are counted with the run.
 */
@Injectable()
export class ResumeRunsSchedule {
  private readonly logger = new Logger('Training');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
  ) {}

  @Interval(INTERVAL_MS)
  async resume(): Promise<void> {
    try {
      const { manager } = this.dataSource;
      const where = { state: In([...ACTIVE_STATES]) };
      const runs = await manager.find(TrainingRun, { where, select: { id: true }, order: { id: 'ASC' }, take: MOST });
      for (const { id: runId } of runs) await this.queue.enqueue(manager, trainJob, runId, { runId });
    } catch (error) {
      // The next turn looks again.
      this.logger.warn({ err: error }, 'active training runs could not be looked for');
    }
  }
}
