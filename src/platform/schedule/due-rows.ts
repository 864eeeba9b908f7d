import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager, EntityTarget } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { toPublicError } from '../../errors/public-error.js';
import { isConcurrencyError } from '../database/concurrency-error.js';
import { nextTick, previousTick } from './cron.js';

/** What a row needs that something happens to by the clock. Column names are the entity's business. */
export interface ScheduledRow {
  readonly id: string;
  /** The tick that is waited for. Whoever creates, changes or enables a schedule sets it. */
  readonly nextAt: Date;
  /** The tick that was handled last, well or not. */
  readonly lastTick: Date | null;
  /** Why the last tick came to nothing; null if it went well. */
  readonly failure: string | null;
}

export interface Ticks {
  /** The tick that is due: the latest, if several were missed. */
  readonly tick: Date;
  readonly next: Date;
}

export interface DueTable<Row extends ScheduledRow> {
  readonly entity: EntityTarget<Row>;
  /** SQL on the alias `due` for the rows that take part, such as `due.enabled`. All by default. */
  readonly takesPart?: string;
  /** SQL on the alias `due` for the interval by which handling comes after the tick. None by default. */
  readonly lag?: string;
  /** The ticks of a row at an instant of the database's clock, the lag taken off. `cronTicks` for cron expressions. */
  ticksOf(row: Row, now: Date): Ticks;
  /** Tells of a tick that came to nothing, in the transaction that notes its failure; `row` is as it was before. */
  onFailure?(manager: EntityManager, row: Row, tick: Date, failure: string): Promise<void>;
}

export type TickHandler<Row> = (manager: EntityManager, row: Row, tick: Date) => Promise<void>;

/** A run leaves the rest to the next one, or to another scheduler. */
const MOST_PER_RUN = 100;
/** For a row whose ticks can't be told, since its time zone is gone, say. */
const NEXT_LOOK_MS = 3_600_000;

/**
 * The way in which any number of schedulers fire every tick once. A run claims due rows one after the other, each in a
 * transaction of its own: `FOR UPDATE SKIP LOCKED`, the handler, the next tick, commit. So what the handler writes with
 * the manager it is given and the advance of the schedule happen together or not at all, whoever is killed when. Due is
 * what the database's clock says is due; clocks of processes do not matter. Missed ticks are not made up: the handler
 * runs once, for the latest.
 *
 * A handler that throws is rolled back; then the failure is noted, as far as a user may see it, and the row goes on to
 * its next tick, so that it neither loops nor holds up others. Only if the database is away or had to choose between
 * two transactions, the tick stays due.
 *
 * The handler must do everything through its manager, and be brief: it holds a connection and the row. What takes long
 * is a job that it enqueues.
 */
export class DueRows<Row extends ScheduledRow> {
  private readonly logger = new Logger('Schedule');
  private isRunning = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly table: DueTable<Row>,
    private readonly handler: TickHandler<Row>,
  ) {}

  /**
   * Handles what is due. Made for an `@Interval` of a second, whose timer goes on when the clock of the host jumps (that
   * of `@Cron` may stop): a call during another one does nothing, and errors go to the log.
   * @returns how many ticks were handled well.
   */
  async fire(): Promise<number> {
    if (this.isRunning) return 0;
    this.isRunning = true;
    try {
      return await this.fireAll();
    } catch (error) {
      this.logger.error({ err: error, table: this.name }, 'what is due could not be looked for');
      return 0;
    } finally {
      this.isRunning = false;
    }
  }

  private async fireAll(): Promise<number> {
    let handled = 0;
    const passedOver: string[] = [];
    while (handled + passedOver.length < MOST_PER_RUN) {
      let claimed: Row | undefined;
      try {
        await this.dataSource.transaction(async (manager) => {
          const due = await this.claim(manager, passedOver);
          claimed = due?.row;
          if (due) await this.handle(manager, due.row, this.table.ticksOf(due.row, due.now));
        });
        if (!claimed) break;
        handled++;
      } catch (error) {
        if (!claimed) throw error;
        passedOver.push(claimed.id);
        await this.noteFailure(claimed, error);
      }
    }
    return handled;
  }

  /** A due row, locked, that no other scheduler is at. */
  private async claim(
    manager: EntityManager,
    passedOver: readonly string[],
  ): Promise<{ row: Row; now: Date } | undefined> {
    const query = this.dueRows(manager).orderBy('due.nextAt').limit(1);
    if (passedOver.length > 0) query.andWhere('due.id NOT IN (:...passedOver)', { passedOver });
    return this.lockFirst(query);
  }

  private async lockFirst(query: ReturnType<DueRows<Row>['dueRows']>): Promise<{ row: Row; now: Date } | undefined> {
    query.setLock('pessimistic_write').setOnLocked('skip_locked');
    const { entities, raw } = await query.getRawAndEntities<{ as_of: Date }>();
    const [row] = entities;
    return row && { row, now: raw[0]!.as_of };
  }

  private dueRows(manager: EntityManager) {
    const { entity, takesPart = 'true', lag = `interval '0'` } = this.table;
    return manager
      .createQueryBuilder(entity, 'due')
      .addSelect(`now() - ${lag}`, 'as_of')
      .where(`(${takesPart}) AND due.nextAt <= now() - ${lag}`);
  }

  private async handle(manager: EntityManager, row: Row, { tick, next }: Ticks): Promise<void> {
    await this.handler(manager, row, tick);
    await this.advance(manager, row, { nextAt: next, lastTick: tick, failure: null });
  }

  private async noteFailure(row: Row, error: unknown): Promise<void> {
    const { code, message } = toPublicError(error);
    const about = { err: error, table: this.name, id: row.id };
    if (code === 'UNAVAILABLE' || isConcurrencyError(error)) {
      this.logger.warn(about, 'a tick could not be handled now; it stays due');
      return;
    }
    if (error instanceof AppError) this.logger.warn(about, 'a tick came to nothing');
    else this.logger.error(about, 'a tick failed');
    await this.dataSource.transaction(async (manager) => {
      // Meanwhile another scheduler may have tried it, too, and advanced it.
      const due = await this.lockFirst(this.dueRows(manager).andWhere('due.id = :id', { id: row.id }));
      if (!due) return;
      const { tick, next } = this.ticksOrLater(due.row, due.now);
      await this.advance(manager, due.row, { nextAt: next, lastTick: tick, failure: message });
      await this.table.onFailure?.(manager, due.row, tick, message);
    });
  }

  private ticksOrLater(row: Row, now: Date): Ticks {
    try {
      return this.table.ticksOf(row, now);
    } catch (error) {
      this.logger.error({ err: error, table: this.name, id: row.id }, 'the next tick of a schedule cannot be told');
      return { tick: row.nextAt, next: new Date(now.getTime() + NEXT_LOOK_MS) };
    }
  }

  private async advance(manager: EntityManager, row: Row, changes: Omit<ScheduledRow, 'id'>): Promise<void> {
    await manager.update(this.table.entity, row.id, changes as object);
  }

  private get name(): string {
    return this.dataSource.getMetadata(this.table.entity).tableName;
  }
}

/** The ticks of a row with a cron expression. */
export function cronTicks(
  { cron, timeZone, nextAt }: ScheduledRow & { readonly cron: string; readonly timeZone: string },
  now: Date,
): Ticks {
  const latest = previousTick(cron, timeZone, now);
  return {
    tick: latest && latest > nextAt ? latest : nextAt,
    next: nextTick(cron, timeZone, now),
  };
}
