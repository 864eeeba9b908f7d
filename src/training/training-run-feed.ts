import { Injectable } from '@nestjs/common';
import { ChangeListener } from '../platform/events/change-listener.js';
import type { ChangeSubscription } from '../platform/events/change-subscription.js';
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
    await this.runs.byId(id);
    return this.listener.follow(
      'training-run',
      (change) => change.id === id,
      (signals) => this.states(id, signals),
    );
  }

  private async *states(id: string, signals: ChangeSubscription): AsyncGenerator<TrainingRun, void, undefined> {
    let run = await this.runs.byId(id);
    yield run;
    while (!isFinal(run.state) && !(await signals.next()).done) {
      run = await this.runs.byId(id);
      yield run;
    }
  }
}
