import { Injectable } from '@nestjs/common';
import { ChangeListener } from '../platform/events/change-listener.js';
import { followRow } from '../platform/events/follow-row.js';
import { isFinal } from './run-state.js';
import type { TrainingRun } from './training-run.entity.js';
import { TrainingRuns } from './training-runs.js';

/** A run as it goes on, on whichever replica. */
@Injectable()
export class TrainingRunFeed {
  constructor(
    private readonly listener: ChangeListener,
    private readonly runs: TrainingRuns,
  ) {}

  /** The run as it is, and again after every change until it has ended. @throws AppError NOT_FOUND */
  async follow(id: string): Promise<AsyncIterableIterator<TrainingRun>> {
    const read = (): Promise<TrainingRun> => this.runs.byId(id);
    return followRow(this.listener, 'training-run', id, { read, isLast: ({ state }) => isFinal(state) });
  }
}
