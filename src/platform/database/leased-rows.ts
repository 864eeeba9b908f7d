import { DataSource, EntityManager, type EntityTarget, type FindOperator, type FindOptionsWhere, In } from 'typeorm';
import { v4 as uuidv4 } from 'uuid';
import { ChangeFeed } from '../events/change-feed.js';
import type { ChangeTopic } from '../events/change.js';
import type { LeasedRow } from './leased-row.js';

/** The right to work on a row, held by one worker at a time. */
export interface Lease {
  readonly id: string;
  readonly lease: string;
}

/** How a kind of row is worked on. */
export interface Leasing<Row, State extends string> {
  readonly entity: EntityTarget<Row>;
  readonly topic: ChangeTopic;
  /** The state of a row that a worker has taken up. */
  readonly working: State;
  readonly sourcesOf: (state: State) => readonly State[];
}

/**
 * The states of rows in the database. Every change names the states it may come from, so that of two changes at the
 * same moment one wins and the other hears about it; and every change is announced.
 */
export class LeasedRows<Row extends LeasedRow & { state: State }, State extends string> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feed: ChangeFeed,
    private readonly leasing: Leasing<Row, State>,
  ) {}

  /** Takes a row up, also one that another worker began and left behind. Undefined if there is nothing left to do. */
  async takeUp(id: string): Promise<Lease | undefined> {
    const lease = uuidv4();
    const taken = await this.change(this.dataSource.manager, id, this.leasing.working, {
      lease,
      attempts: () => 'attempts + 1',
      startedAt: () => 'coalesce(started_at, now())',
      progress: 0,
      message: 'starting',
    });
    return taken ? { id, lease } : undefined;
  }

  /** Gives a row back unfinished, for the reason in `message`: that does not count as an attempt. */
  async handBack({ id, lease }: Lease, message: string): Promise<void> {
    const changes = { attempts: () => 'attempts - 1', lease: null, message };
    await this.update(this.dataSource.manager, { id, lease }, changes);
  }

  /** Notes progress. Returns the state the row is in, undefined if the lease is lost. */
  async report({ id, lease }: Lease, changes: object, manager = this.dataSource.manager): Promise<State | undefined> {
    if (Object.keys(changes).length > 0) await this.update(manager, { id, lease }, changes);
    const where = { id, lease } as FindOptionsWhere<Row>;
    const row = await manager.findOneBy(this.leasing.entity, where);
    return row?.state;
  }

  /** False if the row may not become that any longer, or the lease is lost. */
  async change(manager: EntityManager, id: string, to: State, changes: object, lease?: string): Promise<boolean> {
    const where = { id, state: In([...this.leasing.sourcesOf(to)]), ...(lease !== undefined && { lease }) };
    return this.update(manager, where, { ...changes, state: to });
  }

  /** Every change is announced, in the statement's own transaction if there is no other. */
  private async update(
    manager: EntityManager,
    where: { readonly id: string; readonly lease?: string; readonly state?: FindOperator<State> },
    changes: object,
  ): Promise<boolean> {
    const { entity, topic } = this.leasing;
    return manager.transaction(async (inner) => {
      const { affected } = await inner.update(entity, where, changes);
      if (affected !== 1) return false;
      await this.feed.publish(inner, topic, { id: where.id });
      return true;
    });
  }
}
