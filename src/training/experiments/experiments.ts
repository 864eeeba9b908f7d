import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { ChangeFeed } from '../../platform/events/change-feed.js';
import type { TrialLine } from '../container/trial-line.js';
import { type Lease, LeasedRows } from '../../platform/database/leased-rows.js';
import type { RowsAtWork } from '../job-follower.js';
import type { RunState } from '../run-state.js';
import { TrainingRun } from '../training-run.entity.js';
import { type ExperimentState, sourcesOf } from './experiment-state.js';
import { Experiment } from './experiment.entity.js';
import { failTrial, recordTrial, settleTrials } from './trials.js';
import { Trial } from './trial.entity.js';

const ENDED = { finishedAt: () => 'now()', lease: null } as const;
const CANCELLED = { ...ENDED, message: 'cancelled' } as const;

/** The states of experiments in the database, and what their searches find. */
@Injectable()
export class Experiments implements RowsAtWork {
  private readonly rows: LeasedRows<Experiment, ExperimentState>;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    feed: ChangeFeed,
  ) {
    const leasing = { entity: Experiment, topic: 'experiment', working: 'SEARCHING', sourcesOf } as const;
    this.rows = new LeasedRows(dataSource, feed, leasing);
  }

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<Experiment> {
    const experiment = await this.dataSource.manager.findOneBy(Experiment, { id });
    if (experiment) return experiment;
    throw new AppError('NOT_FOUND', `There is no experiment ${id}. The query \`experiments\` lists them.`);
  }

  /** Takes a search up, also one that another worker left behind. Undefined if there is nothing left to do. */
  async takeUp(id: string): Promise<(Lease & { readonly experiment: Experiment }) | undefined> {
    const held = await this.rows.takeUp(id);
    return held && { ...held, experiment: await this.byId(id) };
  }

  async cancelling(id: string): Promise<Experiment | undefined> {
    return (await this.dataSource.manager.findOneBy(Experiment, { id, state: 'CANCELLING' })) ?? undefined;
  }

  async endCancellation(id: string, changes: object): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      if (!(await manager.existsBy(Experiment, { id, state: 'CANCELLING' }))) return;
      await this.end(manager, id, 'CANCELLED', { ...changes, ...CANCELLED });
    });
  }

  async report(held: Lease, changes: object): Promise<ExperimentState | undefined> {
    return this.rows.report(held, changes);
  }

  async handBack(held: Lease, message: string): Promise<void> {
    await this.rows.handBack(held, message);
  }

  /** Notes progress and what the search told of trials. Returns the state, undefined if the lease is lost. */
  async record(held: Lease, changes: object, lines: readonly TrialLine[]): Promise<ExperimentState | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const state = await this.rows.report(held, changes, manager);
      if (state !== undefined) for (const line of lines) await recordTrial(manager, held.id, line);
      return state;
    });
  }

  /** Fails the trial with which a search ended all of a sudden. False if there was none. */
  async failRunning(held: Lease, failure: string): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const running = await manager.findOneBy(Trial, { experimentId: held.id, state: 'RUNNING' });
      if (!running || (await this.rows.report(held, {}, manager)) === undefined) return false;
      await failTrial(manager, { experimentId: held.id, number: running.number, seconds: 0, failure });
      return true;
    });
  }

  /**
   * Ends a search with the run that trains what it found. False if it was cancelled meanwhile, or the lease is lost.
   * @param start part of the same transaction; gives the group of the run.
   */
  async beginTraining(
    { id, lease }: Lease,
    message: string,
    start: (manager: EntityManager) => Promise<string>,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      // The state comes first: it holds off a cancellation until this is done.
      const state = await this.rows.report({ id, lease }, { progress: 1 }, manager);
      if (state !== 'SEARCHING') return false;
      const groupId = await start(manager);
      await settleTrials(manager, id);
      return this.rows.change(manager, id, 'TRAINING', { groupId, message, lease: null }, lease);
    });
  }

  /** Ends a search that found nothing, or was not to go on. */
  async fail({ id, lease }: Lease, failure: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const failed = { ...ENDED, failure, message: 'failed' };
      // Whatever it came to meanwhile: somebody may have wanted it cancelled.
      if (await this.end(manager, id, 'FAILED', failed, lease)) return;
      await this.end(manager, id, 'CANCELLED', CANCELLED, lease);
    });
  }

  async confirmCancelled({ id, lease }: Lease): Promise<void> {
    await this.dataSource.transaction((manager) => this.end(manager, id, 'CANCELLED', CANCELLED, lease));
  }

  /** Stops a search: at once if no worker has begun it. False if it is past that. */
  async cancelSearch(manager: EntityManager, id: string): Promise<boolean> {
    // TRAINING leads to CANCELLED, too, but only through its run.
    const { state } = (await manager.findOne(Experiment, { where: { id }, lock: { mode: 'pessimistic_write' } })) ?? {};
    if (state === 'CANCELLING') return true;
    if (state === 'QUEUED') return this.end(manager, id, 'CANCELLED', CANCELLED);
    return this.rows.change(manager, id, 'CANCELLING', { message: 'stopping' });
  }

  /** Ends an experiment with its run, in the transaction of that. */
  async endWithRun(manager: EntityManager, groupId: string, state: RunState): Promise<void> {
    const experiment = await manager.findOneBy(Experiment, { groupId });
    if (!experiment) return; // It was deleted with its model.
    const { id } = experiment;
    if (state === 'CANCELLED') await this.end(manager, id, 'CANCELLED', CANCELLED);
    if (state === 'SUCCEEDED') await this.end(manager, id, 'SUCCEEDED', ENDED);
    if (state !== 'FAILED') return;
    const run = await manager.findOneBy(TrainingRun, { groupId });
    const failure = `The best trial could not be trained as a version: ${run?.failure ?? 'see its run.'}`;
    await this.end(manager, id, 'FAILED', { ...ENDED, failure, message: 'failed' });
  }

  private async end(
    manager: EntityManager,
    id: string,
    to: ExperimentState,
    changes: object,
    lease?: string,
  ): Promise<boolean> {
    const ended = await this.rows.change(manager, id, to, changes, lease);
    if (ended) await settleTrials(manager, id);
    return ended;
  }
}
