import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { databaseTime } from '../../platform/database/database-time.js';
import { lowestPredictionId, timeOfPredictionId } from '../prediction-id.js';
import { toWindowCountRow, type WindowSum, WindowSums } from './batch-counts.js';
import { Binnings, type VersionCounter } from './binnings.js';
import { addCounts } from './count-vector.js';
import type { LoggedRow } from './row-binner.js';
import { COMPACTION_LOCK } from './window-compaction.js';
import { insertCounts } from './window-count-rows.js';
import { DAY_MS, floorTo, tierAt } from './windows.js';

const PAGE_ROWS = 1_000;
const MOST_CONFLICTS = 10;
const SERIALIZATION_FAILURE = '40001';

export interface RecountOptions {
  readonly versionId: string;
  /** Days (UTC) that contain these times are the first and the last; by default all of which there is anything. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Replaces counts that differ. */
  readonly repair: boolean;
}

/** What the log and the counts say about a day (UTC) of a version. */
export interface RecountedDay {
  /** As `2026-01-31`. */
  readonly day: string;
  readonly logged: number;
  readonly counted: number;
  /** Bins whose counts differ, and rows of counts on another binning than the version's. */
  readonly differentBins: number;
}

interface Day {
  readonly counter: VersionCounter;
  /** ms since 1970. */
  readonly start: number;
}

/** Compares the counts with the log, and can put them right. The log is the truth; both may be written meanwhile. */
@Injectable()
export class Recount {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly binnings: Binnings,
  ) {}

  /** Goes through the days of a version, oldest first; each is a look at one moment. */
  async *days({ versionId, from, to, repair }: RecountOptions): AsyncGenerator<RecountedDay> {
    const counter = await this.binnings.counterOf(versionId);
    const known = await this.knownTimes(versionId);
    if (!counter || known.length === 0) return;
    const first = floorTo(from?.getTime() ?? Math.min(...known), DAY_MS);
    const last = to?.getTime() ?? Math.max(...known);
    for (let start = first; start <= last; start += DAY_MS) yield await this.day({ counter, start }, repair);
  }

  /** Times of the oldest and the newest prediction of a version, in the log and in the counts. */
  private async knownTimes(versionId: string): Promise<number[]> {
    const logged: { id: string }[] = await this.dataSource.query(
      `(SELECT id FROM prediction WHERE version_id = $1 ORDER BY id LIMIT 1)
       UNION ALL (SELECT id FROM prediction WHERE version_id = $1 ORDER BY id DESC LIMIT 1)`,
      [versionId],
    );
    const [counted] = await this.dataSource.query<[{ first: Date | null; last: Date | null }]>(
      'SELECT min(window_start) AS first, max(window_start) AS last FROM window_counts WHERE version_id = $1',
      [versionId],
    );
    const windows = [counted.first, counted.last].filter((time) => time !== null);
    return [...logged.map(({ id }) => timeOfPredictionId(id)), ...windows].map((time) => time.getTime());
  }

  /** An erasure or a merge that ends meanwhile changes rows under a repair, which then begins again. */
  private async day(day: Day, repair: boolean): Promise<RecountedDay> {
    for (let conflicts = 0; ;) {
      // Waits here, not in the transaction: its snapshot would be older than what a merge did while it waited.
      if (repair) await this.dataSource.query('SELECT pg_advisory_xact_lock($1)', [COMPACTION_LOCK]);
      try {
        const recounted = await this.dataSource.transaction('REPEATABLE READ', (manager) =>
          recountDay(manager, day, repair),
        );
        if (recounted) return recounted;
      } catch (error) {
        const isConflict = (error as { code?: unknown }).code === SERIALIZATION_FAILURE;
        if (!isConflict || ++conflicts === MOST_CONFLICTS) throw error;
      }
    }
  }
}

/**
 * All reads see one snapshot; what is predicted after it brings its own counts, which a repair does not touch.
 * @returns undefined for a repair while counts are merged.
 */
async function recountDay(manager: EntityManager, day: Day, repair: boolean): Promise<RecountedDay | undefined> {
  if (repair && !(await keepsMergesOut(manager))) return undefined;
  const now = (await databaseTime(manager)).getTime();
  const logged = await sumLog(manager, day, now);
  const counted = await sumCounts(manager, day);
  const total = new Float64Array(day.counter.binner.length);
  for (const { counts } of logged) counts.forEach((count, bin) => (total[bin]! += count));
  const differing = total.reduce((bins, count, bin) => bins + Number(count !== counted.counts[bin]), 0);
  const recounted = {
    day: new Date(day.start).toISOString().slice(0, 10),
    logged: logged.reduce((sum, { rows }) => sum + rows, 0),
    counted: counted.rows,
    differentBins: differing + counted.ofOtherBinnings,
  };
  if (repair && !isRight(recounted)) await replaceCounts(manager, day, logged, now);
  return recounted;
}

/** Until the end of the transaction, unless one is under way. */
async function keepsMergesOut(manager: EntityManager): Promise<boolean> {
  const [lock] = await manager.query<[{ held: boolean }]>('SELECT pg_try_advisory_xact_lock($1) AS held', [
    COMPACTION_LOCK,
  ]);
  return lock.held;
}

export function isRight({ logged, counted, differentBins }: RecountedDay): boolean {
  return logged === counted && differentBins === 0;
}

/** The day's predictions in the windows to which the compaction has merged them by now. */
async function sumLog(manager: EntityManager, { counter, start }: Day, now: number): Promise<WindowSum[]> {
  const sums = new WindowSums((slot) => floorTo(slot, tierAt(slot, now).sizeMs));
  const end = lowestPredictionId(new Date(start + DAY_MS));
  let from = lowestPredictionId(new Date(start));
  for (;;) {
    const page: (LoggedRow & { id: string })[] = await manager.query(
      'SELECT id, inputs, output FROM prediction WHERE version_id = $1 AND id >= $2 AND id < $3 ORDER BY id LIMIT $4',
      [counter.versionId, from, end, PAGE_ROWS],
    );
    const binned = { counter, positions: counter.binner.binLogged(page) };
    // The last row of a full page is the first of the next.
    const rows = page.length < PAGE_ROWS ? page : page.slice(0, -1);
    rows.forEach(({ id }, binnedRow) => {
      sums.add({ id, binned, binnedRow });
    });
    if (rows === page) return sums.values();
    from = page.at(-1)!.id;
  }
}

async function sumCounts(
  manager: EntityManager,
  { counter, start }: Day,
): Promise<{ rows: number; counts: Float64Array; ofOtherBinnings: number }> {
  const stored: { binning_id: string; rows: string; counts: Buffer }[] = await manager.query(
    'SELECT binning_id, rows, counts FROM window_counts WHERE version_id = $1 AND window_start >= $2 AND window_start < $3',
    [counter.versionId, new Date(start), new Date(start + DAY_MS)],
  );
  const sum = { rows: 0, counts: new Float64Array(counter.binner.length), ofOtherBinnings: 0 };
  for (const { binning_id, rows, counts } of stored) {
    sum.rows += Number(rows);
    if (binning_id === counter.binningId) addCounts(counts, sum.counts);
    else sum.ofOtherBinnings++;
  }
  return sum;
}

async function replaceCounts(
  manager: EntityManager,
  { counter, start }: Day,
  sums: WindowSum[],
  now: number,
): Promise<void> {
  await manager.query('DELETE FROM window_counts WHERE version_id = $1 AND window_start >= $2 AND window_start < $3', [
    counter.versionId,
    new Date(start),
    new Date(start + DAY_MS),
  ]);
  await insertCounts(
    manager,
    sums.map((sum) => toWindowCountRow(sum, tierAt(sum.start, now).granularity)),
  );
}
