import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, In } from 'typeorm';
import { JobQueue } from '../platform/queue/job-queue.js';
import { Experiment } from './experiments/experiment.entity.js';
import { SEARCHED_STATES } from './experiments/experiment-state.js';
import { searchJob } from './experiments/experiments.jobs.js';
import { ACTIVE_STATES } from './run-state.js';
import { trainJob } from './training.jobs.js';
import { TrainingRun } from './training-run.entity.js';

const INTERVAL_MS = 60_000;
/** Rows looked at in one go, the oldest first; the others have their turn when these have ended. */
const MOST = 500;

/**
 * A job whose workers died silently at every attempt is over, and its run or experiment would stay active for ever. So
 * they get their job again: where there still is one, the new one is dropped, and attempts are counted with the row.
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
      const oldest = { select: { id: true }, order: { id: 'ASC' }, take: MOST } as const;
      const runs = await manager.find(TrainingRun, { where: { state: In([...ACTIVE_STATES]) }, ...oldest });
      for (const { id: runId } of runs) await this.queue.enqueue(manager, trainJob, runId, { runId });
      const searches = await manager.find(Experiment, { where: { state: In([...SEARCHED_STATES]) }, ...oldest });
      for (const { id } of searches) await this.queue.enqueue(manager, searchJob, id, { experimentId: id });
    } catch (error) {
      // The next turn looks again.
      this.logger.warn({ err: error }, 'active training runs and experiments could not be looked for');
    }
  }
}
