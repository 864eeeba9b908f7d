import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { AuditService } from '../auth/audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import { AppError } from '../errors/app-error.js';
import { ChangeFeed } from '../platform/events/change-feed.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { Experiments } from './experiments/experiments.js';
import { type Lease, LeasedRows } from '../platform/database/leased-rows.js';
import type { RowsAtWork } from './job-follower.js';
import { cancellationOf, isFinal, type RunState, sourcesOf } from './run-state.js';
import { askGateJob } from './training.jobs.js';
import { TrainingRun } from './training-run.entity.js';

type Changes = QueryDeepPartialEntity<TrainingRun>;

const CANCELLED: Changes = { finishedAt: () => 'now()', message: 'cancelled' };

/** The states of runs in the database, and what follows from their end. */
@Injectable()
export class TrainingRuns implements RowsAtWork {
  private readonly rows: LeasedRows<TrainingRun, RunState>;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
    feed: ChangeFeed,
    private readonly audit: AuditService,
    private readonly experiments: Experiments,
  ) {
    const leasing = { entity: TrainingRun, topic: 'training-run', working: 'RUNNING', sourcesOf } as const;
    this.rows = new LeasedRows(dataSource, feed, leasing);
  }

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<TrainingRun> {
    const run = await this.dataSource.manager.findOneBy(TrainingRun, { id });
    if (run) return run;
    throw new AppError('NOT_FOUND', `There is no training run ${id}. The query \`trainingRuns\` lists them.`);
  }

  async cancelling(id: string): Promise<TrainingRun | undefined> {
    return (await this.dataSource.manager.findOneBy(TrainingRun, { id, state: 'CANCELLING' })) ?? undefined;
  }

  /** Takes a run up, also one that another worker began and left behind. Undefined if there is nothing left to do. */
  async takeUp(runId: string): Promise<(Lease & { readonly run: TrainingRun }) | undefined> {
    const held = await this.rows.takeUp(runId);
    return held && { ...held, run: await this.byId(runId) };
  }

  /** See {@link LeasedRows.handBack}. */
  async handBack(held: Lease, message: string): Promise<void> {
    await this.rows.handBack(held, message);
  }

  /** Notes progress. Returns the state the run is in, undefined if the lease is lost. */
  async report(held: Lease, changes: Changes): Promise<RunState | undefined> {
    return this.rows.report(held, changes);
  }

  /** False if the run may not become that any longer, or the lease is lost. */
  async advance({ id, lease }: Lease, to: 'REGISTERING', changes: Changes): Promise<boolean> {
    return this.rows.change(this.dataSource.manager, id, to, changes, lease);
  }

  /**
   * Ends a run, unless it has ended already or another worker took it up. The transaction that ends the last run of a
   * group also asks the promotion gate about it.
   * @param alongside part of the same transaction, run first; gives columns to set besides.
   */
  async finish(
    { id: runId, lease }: Lease,
    to: 'SUCCEEDED' | 'FAILED' | 'CANCELLED',
    alongside: (manager: EntityManager) => Promise<Changes> | Changes = () => ({}),
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const group = await lockGroup(manager, runId);
      const run = group.find(({ id }) => id === runId);
      if (run?.lease !== lease) return;
      // Whatever the training came to meanwhile: somebody wanted it cancelled.
      const end = run.state === 'CANCELLING' ? 'CANCELLED' : to;
      if (!sourcesOf(end).includes(run.state)) return;
      const changes = end === 'CANCELLED' ? CANCELLED : await alongside(manager);
      await this.rows.change(manager, runId, end, { finishedAt: () => 'now()', ...changes, lease: null }, lease);
      await this.afterEnd(manager, group, runId, end);
    });
  }

  async fail(held: Lease, failure: string): Promise<void> {
    await this.finish(held, 'FAILED', () => ({ failure, message: 'failed' }));
  }

  /** @throws AppError INVALID_STATE if it is too late to cancel. */
  async cancel(runId: string, actor: Principal): Promise<TrainingRun> {
    const run = await this.byId(runId);
    await this.dataSource.transaction(async (manager) => {
      const group = await lockGroup(manager, runId);
      const state = group.find(({ id }) => id === runId)?.state ?? run.state;
      if (!cancellationOf(state)) throw tooLate(runId, state);
      await this.stop(manager, group, runId);
      const subject = { kind: 'training_run', id: runId };
      await this.audit.record(manager, { actor, action: 'training_run.cancelled', subject });
    });
    return this.byId(runId);
  }

  /** Stops what can still be stopped of a group, in the transaction of `manager`. */
  async cancelGroup(manager: EntityManager, groupId: string): Promise<void> {
    const runs = await manager.find(TrainingRun, { where: { groupId }, order: { id: 'ASC' } });
    for (const { id } of runs) await this.stop(manager, await lockGroup(manager, id), id);
  }

  private async stop(manager: EntityManager, group: readonly TrainingRun[], runId: string): Promise<void> {
    const run = group.find(({ id }) => id === runId);
    const next = run && cancellationOf(run.state);
    if (!next || next === run.state) return;
    await this.rows.change(manager, runId, next, isFinal(next) ? CANCELLED : { message: 'stopping' });
    await this.afterEnd(manager, group, runId, next);
  }

  async endCancellation(runId: string, changes: Changes): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const group = await lockGroup(manager, runId);
      if (group.find(({ id }) => id === runId)?.state !== 'CANCELLING') return;
      await this.rows.change(manager, runId, 'CANCELLED', { lease: null, ...changes, ...CANCELLED });
      await this.afterEnd(manager, group, runId, 'CANCELLED');
    });
  }

  private async afterEnd(
    manager: EntityManager,
    group: readonly TrainingRun[],
    runId: string,
    state: RunState,
  ): Promise<void> {
    const others = group.filter(({ id }) => id !== runId);
    const states = [state, ...others.map((run) => run.state)];
    if (!states.every(isFinal)) return;
    const { groupId, trigger } = group[0]!;
    if (trigger === 'EXPERIMENT') await this.experiments.endWithRun(manager, groupId, state);
    if (states.includes('SUCCEEDED')) await this.queue.enqueue(manager, askGateJob, groupId, { groupId });
  }
}

/** All runs of the run's group, locked in one order: whoever ends last sees that all others have ended. */
async function lockGroup(manager: EntityManager, runId: string): Promise<TrainingRun[]> {
  return manager
    .createQueryBuilder(TrainingRun, 'run')
    .where('run.group_id = (SELECT group_id FROM training_run WHERE id = :runId)', { runId })
    .orderBy('run.id')
    .setLock('pessimistic_write')
    .getMany();
}

function tooLate(runId: string, state: RunState): AppError {
  const advice =
    state === 'REGISTERING' ? ' Reject its version instead, once it is there.' : ' Nothing is left to cancel.';
  return new AppError('INVALID_STATE', `Training run ${runId} is ${state}.${advice}`);
}
