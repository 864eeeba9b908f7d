import { Injectable } from '@nestjs/common';
import { ChangeListener } from '../../platform/events/change-listener.js';
import { followRow } from '../../platform/events/follow-row.js';
import { isOver } from './experiment-state.js';
import type { Experiment } from './experiment.entity.js';
import { Experiments } from './experiments.js';

/** An experiment as it goes on, on whichever replica. */
@Injectable()
export class ExperimentFeed {
  constructor(
    private readonly listener: ChangeListener,
    private readonly experiments: Experiments,
  ) {}

  /** The experiment as it is, and again after every change until it is over. @throws AppError NOT_FOUND */
  async follow(id: string): Promise<AsyncIterableIterator<Experiment>> {
    const read = (): Promise<Experiment> => this.experiments.byId(id);
    return followRow(this.listener, 'experiment', id, { read, isLast: ({ state }) => isOver(state) });
  }
}
