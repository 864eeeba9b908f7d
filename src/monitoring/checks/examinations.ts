import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DriftVerdict } from '../../ml/statistics/drift/verdict.js';
import type { AlignedWindow } from '../../predictions/counts/aligned-window.js';
import { type MergedCounts, WindowCounts } from '../../predictions/counts/window-counts.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import type { WindowQuality } from '../reports/report-document.js';
import type { WatchedVersion } from './champions.js';
import { isEmpty } from './check-window.js';
import { judgeWindow, unjudged } from './judge-window.js';
import { type WatchedColumn, watchedColumns } from './watched-columns.js';

/** What a version's predictions of a window look like beside its reference. */
export interface Examination {
  readonly rows: number;
  readonly columns: readonly WatchedColumn[];
  /** Of the columns in their order. */
  readonly verdict: DriftVerdict;
  readonly quality: WindowQuality | null;
}

/** Compares windows with references; writes nothing. */
@Injectable()
export class Examinations {
  constructor(private readonly counts: WindowCounts) {}

  async examine(
    manager: EntityManager,
    version: WatchedVersion,
    window: AlignedWindow,
    settings: PolicySettings,
  ): Promise<Examination> {
    const merged = await this.mergedCounts(manager, version, window);
    const columns = watchedColumns(version.signature, version.reference, merged);
    const rows = merged?.rows ?? 0;
    if (rows < settings.minimumRows) return { rows, columns, verdict: unjudged(columns), quality: null };
    return { rows, columns, verdict: await judgeWindow(columns, settings, new Map()), quality: null };
  }

  /** A version is counted on the one binning that its manifest implies. */
  private async mergedCounts(
    manager: EntityManager,
    { id }: WatchedVersion,
    window: AlignedWindow,
  ): Promise<MergedCounts | undefined> {
    if (isEmpty(window)) return undefined;
    const [merged] = await this.counts.merge({ versionIds: [id], ...window }, manager);
    return merged;
  }
}
