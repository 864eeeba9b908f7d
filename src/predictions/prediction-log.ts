import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { onBoundedConnection } from '../platform/database/bounded-connection.js';
import { type AnsweredClaim, isKeyTaken } from './idempotency/claim.js';
import { PREDICTION_LOG_PENDING } from './prediction.metrics.js';
import { PredictionPartitions } from './prediction-partitions.js';
import { countOf, daysOf, insertPredictions, type RowsToLog, sizeOf } from './prediction-rows.js';
import { within } from '../platform/within.js';

/** Rows and characters that may share a commit; a larger request is a group of its own. */
const GROUP_ROWS = 2_000;
const GROUP_SIZE = 2 ** 21;
/** Characters of inputs and outputs that may wait: bounds the memory of a process whose database is slow. */
const PENDING_LIMIT = 64 * 2 ** 20;
/** Requests of so many rows have a lane of their own: a few rows must not wait while thousands are written. */
const MANY_ROWS = 100;

type LogLimits = Pick<Config, 'PREDICTION_LOG_PENDING_ROWS' | 'PREDICTION_LOG_WAIT_SECONDS'>;

/** The rows of one request, waiting for their commit. */
interface Entry {
  readonly rows: RowsToLog;
  readonly count: number;
  readonly claim: AnsweredClaim | undefined;
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Nobody waits for it any more: it is not written, unless that has begun. */
  abandoned: boolean;
}

/** Requests whose groups are committed one after the other. */
interface Lane {
  readonly queue: Entry[];
  writing: boolean;
}

/**
 * Writes predictions by group commit: whatever has queued while one commit was under way goes into the next, so an idle
 * service answers at once and a busy one shares its commits. Requests of many rows are committed beside those of few. An
 * answer may leave only after {@link append} resolves.
 */
@Injectable()
export class PredictionLog {
  private readonly logger = new Logger('Predictions');
  private readonly few: Lane = { queue: [], writing: false };
  private readonly many: Lane = { queue: [], writing: false };
  private pendingSize = 0;
  private pending = 0;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly partitions: PredictionPartitions,
    @Inject(CONFIG) private readonly config: LogLimits,
    @InjectMetric(PREDICTION_LOG_PENDING) private readonly pendingRows: Gauge,
  ) {}

  /**
   * Resolves when all rows are committed; they are written together or not at all.
   * @param claim is kept with them.
   * @throws AppError UNAVAILABLE if too much waits already, after PREDICTION_LOG_WAIT_SECONDS, or if the database is
   *   gone; BAD_INPUT if it refuses these rows. The database's own error if the key of the claim is taken.
   */
  append(rows: RowsToLog, claim?: AnsweredClaim): Promise<void> {
    const count = countOf(rows);
    const size = sizeOf(rows) + (claim?.answer.length ?? 0);
    if (!this.hasRoom(count, size)) return Promise.reject(overloaded());
    this.count(count, size);
    return new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        entry.abandoned = true;
        reject(tooSlow());
      }, this.waitMs);
      const settle = (): void => {
        clearTimeout(late);
        this.count(-count, -size);
      };
      const entry: Entry = {
        ...{ rows, count, claim, size, abandoned: false },
        resolve: () => {
          settle();
          resolve();
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const lane = count < MANY_ROWS ? this.few : this.many;
      lane.queue.push(entry);
      if (!lane.writing) void this.writeQueued(lane);
    });
  }

  /** One request is always let in: its size is bounded by the body limit. */
  private hasRoom(rows: number, size: number): boolean {
    if (this.pending === 0) return true;
    return this.pending + rows <= this.config.PREDICTION_LOG_PENDING_ROWS && this.pendingSize + size <= PENDING_LIMIT;
  }

  private count(rows: number, size: number): void {
    this.pending += rows;
    this.pendingSize += size;
    this.pendingRows.set(this.pending);
  }

  private get waitMs(): number {
    return this.config.PREDICTION_LOG_WAIT_SECONDS * 1_000;
  }

  private async writeQueued(lane: Lane): Promise<void> {
    lane.writing = true;
    while (lane.queue.length > 0) await this.settle(this.withoutAbandoned(nextGroup(lane)), lane);
    lane.writing = false;
  }

  private withoutAbandoned(group: readonly Entry[]): readonly Entry[] {
    const [gone, waiting] = [group.filter((entry) => entry.abandoned), group.filter((entry) => !entry.abandoned)];
    for (const entry of gone) entry.reject(tooSlow());
    return waiting;
  }

  /** Commits a group, or finds the requests in it that the database refuses, by halving. Never rejects. */
  private async settle(group: readonly Entry[], lane: Lane): Promise<void> {
    if (group.length === 0) return;
    try {
      await this.write(
        group.map(({ rows }) => rows),
        group.flatMap(({ claim }) => claim ?? []),
      );
      for (const entry of group) entry.resolve();
    } catch (error) {
      if (!isRefusal(error)) {
        this.giveUp(group, lane, error);
      } else if (group.length === 1 && isKeyTaken(error)) {
        group[0]!.reject(error as Error);
      } else if (group.length === 1) {
        this.logger.warn({ err: error }, 'the database refused the rows of a request');
        group[0]!.reject(refused(error));
      } else {
        const middle = group.length >> 1;
        await this.settle(group.slice(0, middle), lane);
        await this.settle(group.slice(middle), lane);
      }
    }
  }

  /** The database is gone: those behind in the queue hear it now as well, instead of waiting for one deadline each. */
  private giveUp(group: readonly Entry[], { queue }: Lane, error: unknown): void {
    const entries = [...group, ...queue.splice(0)];
    this.logger.error({ err: error, requests: entries.length }, 'predictions could not be logged');
    for (const entry of entries) entry.reject(notLogged(error));
  }

  private async write(requests: readonly RowsToLog[], claims: readonly AnsweredClaim[]): Promise<void> {
    try {
      await this.insert(requests, claims);
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      const days = [...new Set(requests.flatMap(daysOf))];
      this.logger.warn({ days }, 'a partition of the prediction log was missing; does a scheduler run?');
      await within(this.partitions.ensure(days), this.waitMs, 'no answer from the database');
      await this.insert(requests, claims);
    }
  }

  /** A commit that arrives too late only means a logged prediction that nobody was told of. */
  private insert(requests: readonly RowsToLog[], claims: readonly AnsweredClaim[]): Promise<void> {
    return onBoundedConnection(this.dataSource, this.waitMs, (manager) => insertPredictions(manager, requests, claims));
  }
}

/** Takes as many requests from the head of the queue as may share a commit, at least one. */
function nextGroup({ queue }: Lane): Entry[] {
  let rows = 0;
  let size = 0;
  const end = queue.findIndex((entry, index) => {
    rows += entry.count;
    size += entry.size;
    return index > 0 && (rows > GROUP_ROWS || size > GROUP_SIZE);
  });
  return queue.splice(0, end === -1 ? queue.length : end);
}

function sqlStateOf(error: unknown): string {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

function isMissingPartition(error: unknown): boolean {
  return (
    sqlStateOf(error) === '23514' && error instanceof Error && error.message.startsWith('no partition of relation')
  );
}

/** SQLSTATE classes 22 (data exception), 23 (constraint) and 54 (limit): the rows are at fault, not the database. */
function isRefusal(error: unknown): boolean {
  return /^(22|23|54)...$/.test(sqlStateOf(error));
}

function overloaded(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'Too many predictions wait to be logged, so this one was not made. Try again in a moment, with fewer requests at once.',
  );
}

function tooSlow(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'The database is too slow at the moment to log the prediction, so it was not given. Try again shortly.',
  );
}

function notLogged(cause: unknown): AppError {
  return new AppError(
    'UNAVAILABLE',
    'The prediction could not be logged because the database cannot be reached, so it was not given. Try again shortly.',
    undefined,
    { cause },
  );
}

function refused(cause: unknown): AppError {
  return new AppError(
    'BAD_INPUT',
    'The database refused to store a row of this request, so no prediction was given. Look for unusual text or extreme numbers in the rows, or send them one by one to find it.',
    undefined,
    { cause },
  );
}
