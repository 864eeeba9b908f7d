import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { dayOfPredictionId } from './prediction-id.js';
import { PREDICTION_LOG_PENDING } from './prediction.metrics.js';
import { PredictionPartitions } from './prediction-partitions.js';
import { insertPredictions, LogRow, sizeOf } from './prediction-rows.js';
import { within } from './within.js';

/** Rows and characters that may share a commit; a larger request is a group of its own. */
const GROUP_ROWS = 2_000;
const GROUP_SIZE = 2 ** 21;
/** Characters of inputs and outputs that may wait: bounds the memory of a process whose database is slow. */
const PENDING_LIMIT = 64 * 2 ** 20;
/** After this long without an answer from the database, requests hear that it is gone. */
const DEADLINE_MS = 15_000;

/** The rows of one request, waiting for their commit. */
interface Entry {
  readonly rows: readonly LogRow[];
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Writes predictions by group commit: whatever has queued while one commit was under way goes into the next, so an idle
 * service answers at once and a busy one shares its commits. An answer may leave only after {@link append} resolves.
 */
@Injectable()
export class PredictionLog {
  private readonly logger = new Logger('Predictions');
  private queue: Entry[] = [];
  private pendingSize = 0;
  private writing = false;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly partitions: PredictionPartitions,
    @InjectMetric(PREDICTION_LOG_PENDING) private readonly pendingRows: Gauge,
  ) {}

  /**
   * Resolves when all rows are committed; they are written together or not at all.
   * @throws AppError UNAVAILABLE if too much waits already or the database is gone; BAD_INPUT if it refuses these rows.
   */
  append(rows: readonly LogRow[]): Promise<void> {
    const size = rows.reduce((sum, row) => sum + sizeOf(row), 0);
    // One request is always let in: its size is bounded by the body limit.
    if (this.pendingSize > 0 && this.pendingSize + size > PENDING_LIMIT) return Promise.reject(overloaded());
    this.pendingSize += size;
    this.pendingRows.inc(rows.length);
    const committed = new Promise<void>((resolve, reject) => this.queue.push({ rows, size, resolve, reject }));
    if (!this.writing) void this.writeQueued();
    return committed.finally(() => {
      this.pendingSize -= size;
      this.pendingRows.dec(rows.length);
    });
  }

  private async writeQueued(): Promise<void> {
    this.writing = true;
    while (this.queue.length > 0) await this.settle(this.nextGroup());
    this.writing = false;
  }

  private nextGroup(): Entry[] {
    let rows = 0;
    let size = 0;
    const end = this.queue.findIndex((entry, index) => {
      rows += entry.rows.length;
      size += entry.size;
      return index > 0 && (rows > GROUP_ROWS || size > GROUP_SIZE);
    });
    if (end === -1) return this.queue.splice(0);
    return this.queue.splice(0, end);
  }

  /** Commits a group, or finds the requests in it that the database refuses, by halving. Never rejects. */
  private async settle(group: readonly Entry[]): Promise<void> {
    try {
      await this.write(group.flatMap(({ rows }) => rows));
      for (const entry of group) entry.resolve();
    } catch (error) {
      if (!isRefusal(error)) {
        this.giveUp(group, error);
      } else if (group.length === 1) {
        this.logger.warn({ err: error }, 'the database refused the rows of a request');
        group[0]!.reject(refused(error));
      } else {
        const middle = group.length >> 1;
        await this.settle(group.slice(0, middle));
        await this.settle(group.slice(middle));
      }
    }
  }

  /** The database is gone: those behind in the queue hear it now as well, instead of waiting for one deadline each. */
  private giveUp(group: readonly Entry[], error: unknown): void {
    const entries = [...group, ...this.queue.splice(0)];
    this.logger.error({ err: error, requests: entries.length }, 'predictions could not be logged');
    for (const entry of entries) entry.reject(notLogged(error));
  }

  private async write(rows: readonly LogRow[]): Promise<void> {
    try {
      await withinDeadline(insertPredictions(this.dataSource.manager, rows));
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      const days = [...new Set(rows.map(({ id }) => dayOfPredictionId(id)))];
      this.logger.warn({ days }, 'a partition of the prediction log was missing; does a scheduler run?');
      await withinDeadline(this.partitions.ensure(days).then(() => insertPredictions(this.dataSource.manager, rows)));
    }
  }
}

/** A commit that arrives later only means a logged prediction that nobody was told of. */
function withinDeadline(work: Promise<void>): Promise<void> {
  return within(work, DEADLINE_MS, 'no answer from the database');
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
