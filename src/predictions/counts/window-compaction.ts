import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { vectorLength } from './binning-layout.js';
import { Binnings } from './binnings.js';
import { addCounts, encodeCounts } from './count-vector.js';
import { insertCounts } from './window-count-rows.js';
import { DAY_MS, dueBefore, floorTo, type Tier, TIERS, upTo } from './windows.js';

/** Any fixed number: the advisory lock that lets one process at a time merge counts. */
export const COMPACTION_LOCK = 7_210_936;
/** Rows merged in one transaction: decoding more would hold up the event loop. */
const MERGED_ROWS = 2_000;

interface Window {
  readonly model_id: string;
  readonly version_id: string;
  readonly binning_id: string;
  readonly start: Date;
}

interface DeletedRow {
  readonly rows: string;
  readonly counts: Buffer;
}

/** Merges rows of counts: those of commits by slot, slots by minute, minutes by hour, hours by day. */
@Injectable()
export class WindowCompaction {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly binnings: Binnings,
  ) {}

  /**
   * Merges all that is due. Each merge is one transaction that takes rows out and puts their sum in: however and
   * wherever it is cut off, every count is in exactly one row, and the next run goes on. Rows that come late are merged
   * into the window they belong to.
   * @returns the number of rows that were merged away; stops early if another process is at it.
   */
  async run(now: Date): Promise<number> {
    let merged = 0;
    for (const tier of TIERS) {
      for (const window of await this.due(tier, now)) {
        const taken = await this.mergeWindow(tier, window);
        if (taken === undefined) return merged;
        merged += taken;
      }
    }
    return merged;
  }

  /** Forgets what is past its retention in the log as well: windows before the day (UTC) of `cutoff`. */
  async dropBefore(cutoff: Date): Promise<void> {
    const day = new Date(floorTo(cutoff.getTime(), DAY_MS));
    await this.dataSource.query('DELETE FROM window_counts WHERE window_start < $1', [day]);
  }

  /** Windows that hold rows finer than the tier. */
  private due(tier: Tier, now: Date): Promise<Window[]> {
    const before = dueBefore(tier, now.getTime());
    return this.dataSource.query(
      `SELECT DISTINCT model_id, version_id, binning_id, date_bin(make_interval(secs => $1), window_start, 'epoch') AS start
       FROM window_counts WHERE granularity = ANY ($2) AND window_start < $3 ORDER BY start`,
      [tier.sizeMs / 1_000, upTo(tier.granularity).slice(0, -1), before === undefined ? 'infinity' : new Date(before)],
    );
  }

  /** @returns undefined if another process holds the lock. */
  private async mergeWindow(tier: Tier, window: Window): Promise<number | undefined> {
    const { layout } = await this.binnings.byId(window.binning_id);
    const length = vectorLength(layout);
    let merged = 0;
    for (;;) {
      const taken = await this.dataSource.transaction((manager) => mergeRows(manager, tier, window, length));
      if (taken === undefined) return undefined;
      merged += taken;
      if (taken < MERGED_ROWS) return merged;
    }
  }
}

async function mergeRows(
  manager: EntityManager,
  { granularity, sizeMs }: Tier,
  { model_id: modelId, version_id: versionId, binning_id: binningId, start }: Window,
  length: number,
): Promise<number | undefined> {
  const [lock] = await manager.query<[{ held: boolean }]>('SELECT pg_try_advisory_xact_lock($1) AS held', [
    COMPACTION_LOCK,
  ]);
  if (!lock.held) return undefined;
  const end = new Date(start.getTime() + sizeMs);
  const [deleted] = await manager.query<[DeletedRow[], number]>(
    `DELETE FROM window_counts WHERE id IN (
       SELECT id FROM window_counts WHERE version_id = $1 AND binning_id = $2 AND window_start >= $3 AND window_start < $4
         AND granularity = ANY ($5) LIMIT $6)
     RETURNING rows, counts`,
    [versionId, binningId, start, end, upTo(granularity), MERGED_ROWS],
  );
  const counts = new Float64Array(length);
  for (const row of deleted) addCounts(row.counts, counts);
  const rows = deleted.reduce((sum, row) => sum + Number(row.rows), 0);
  const merged = { id: uuidv7(), modelId, versionId, binningId, granularity, windowStart: start, rows };
  // Nothing is left of a window whose predictions were all erased.
  const isEmpty = counts.every((count) => count === 0);
  if (!isEmpty) await insertCounts(manager, [{ ...merged, counts: encodeCounts(counts) }]);
  return deleted.length;
}
