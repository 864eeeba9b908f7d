import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, QueryRunner } from 'typeorm';

/** Any fixed number: the advisory lock of the one process that drops old partitions. */
const RETENTION_LOCK = 7_210_935;
const DAYS_AHEAD = 7;
const DAY_MS = 86_400_000;

interface Partition {
  readonly name: string;
  readonly attached: boolean;
  readonly half_detached: boolean;
}

/** The daily partitions of the prediction log. */
@Injectable()
export class PredictionPartitions {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Makes the partitions of the given days (`2026-01-31`) unless they are there. Any number of processes may do so. */
  async ensure(days: readonly string[]): Promise<void> {
    for (const day of days) await this.dataSource.query('SELECT ensure_prediction_partition($1)', [day]);
  }

  /** Makes the partitions that will be needed within a week. */
  async ensureAhead(now: Date): Promise<void> {
    const days = Array.from({ length: DAYS_AHEAD + 2 }, (_, i) => dayOf(new Date(now.getTime() + (i - 1) * DAY_MS)));
    await this.ensure(days);
  }

  /**
   * Drops the partitions of days before `cutoff`, without stopping readers or writers of the others.
   * @returns the names of those dropped; none if another process is at it.
   */
  async dropBefore(cutoff: Date): Promise<string[]> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const [lock] = (await runner.query('SELECT pg_try_advisory_lock($1) AS held', [RETENTION_LOCK])) as [
        { held: boolean },
      ];
      if (!lock.held) return [];
      try {
        return await dropAll(runner, await partitionsBefore(runner, dayOf(cutoff)));
      } finally {
        await runner.query('SELECT pg_advisory_unlock($1)', [RETENTION_LOCK]);
      }
    } finally {
      await runner.release();
    }
  }
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** Found by name, not by attachment: a partition whose dropping was interrupted is finished by the next run. */
async function partitionsBefore(runner: QueryRunner, day: string): Promise<Partition[]> {
  return (await runner.query(
    `SELECT relname AS name, inhparent IS NOT NULL AS attached, coalesce(inhdetachpending, false) AS half_detached
     FROM pg_class LEFT JOIN pg_inherits ON inhrelid = pg_class.oid
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
       AND relname ~ '^prediction_[0-9]{8}$' AND relname < 'prediction_' || $1
     ORDER BY relname`,
    [day.replaceAll('-', '')],
  )) as Partition[];
}

async function dropAll(runner: QueryRunner, partitions: readonly Partition[]): Promise<string[]> {
  for (const { name, attached, half_detached } of partitions) {
    if (attached) {
      // CONCURRENTLY waits for running queries instead of blocking the ones behind it; FINALIZE completes one that was cut off.
      await runner.query(
        `ALTER TABLE prediction DETACH PARTITION ${name} ${half_detached ? 'FINALIZE' : 'CONCURRENTLY'}`,
      );
    }
    await runner.query(`DROP TABLE ${name}`);
  }
  return partitions.map(({ name }) => name);
}
