import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DriftVerdict } from '../../ml/statistics/drift/verdict.js';
import type { AlignedWindow } from '../../predictions/counts/aligned-window.js';
import { type MergedCounts, WindowCounts } from '../../predictions/counts/window-counts.js';
import { LabelledPredictions } from '../../predictions/outcomes/labelled-predictions.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import { WindowQualityService } from '../quality/window-quality.js';
import type { WindowQuality } from '../reports/report-document.js';
import type { WatchedVersion } from './champions.js';
import { isEmpty } from './check-window.js';
import { columnsOfRows, type ColumnSamples } from './column-samples.js';
import { judgeEvidently } from './judge-evidently.js';
import { judgeWindow, sampledColumns, unjudged } from './judge-window.js';
import { ReferenceSamples } from './reference-samples.js';
import { type WatchedColumn, watchedColumns } from './watched-columns.js';

/** What a version's predictions of a window look like beside its reference. */
export interface Examination {
  readonly rows: number;
  readonly columns: readonly WatchedColumn[];
  /** Of the columns in their order. */
  readonly verdict: DriftVerdict;
  readonly quality: WindowQuality | null;
}

/** What is to be examined. */
export interface ExaminationOrder {
  readonly version: WatchedVersion;
  readonly servesSince: Date;
  readonly window: AlignedWindow;
  readonly settings: PolicySettings;
}

/** Most rows that are drawn where raw values are compared, and most values in them. */
const SAMPLE_ROWS = 10_000;
const SAMPLE_VALUES = 2_000_000;

/** Compares windows with references; writes nothing. */
@Injectable()
export class Examinations {
  constructor(
    private readonly counts: WindowCounts,
    private readonly references: ReferenceSamples,
    private readonly logged: LabelledPredictions,
    private readonly quality: WindowQualityService,
  ) {}

  /** @throws AppError INVALID_STATE if the policy or the artifact does not allow it. */
  async examine(manager: EntityManager, order: ExaminationOrder): Promise<Examination> {
    const compared = await this.compare(manager, order);
    return { ...compared, quality: await this.measureQuality(manager, order) };
  }

  /** The part of an examination that needs no outcomes. @throws AppError as {@link examine} does. */
  async compare(manager: EntityManager, order: ExaminationOrder): Promise<Omit<Examination, 'quality'>> {
    const { version, window, settings } = order;
    const merged = await this.mergedCounts(manager, version, window);
    const all = watchedColumns(version.signature, version.reference, merged);
    // Evidently compares raw values, of which the reference keeps those of features only.
    const columns = settings.mode === 'EVIDENTLY' ? all.filter(({ role }) => role === 'FEATURE') : all;
    const rows = merged?.rows ?? 0;
    const verdict = rows < settings.minimumRows ? unjudged(columns) : await this.judge(manager, order, columns);
    return { rows, columns, verdict };
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

  private async judge(
    manager: EntityManager,
    order: ExaminationOrder,
    columns: readonly WatchedColumn[],
  ): Promise<DriftVerdict> {
    const { settings } = order;
    if (settings.mode === 'EVIDENTLY') return judgeEvidently(columns, await this.samples(manager, order, columns));
    const names = new Set(sampledColumns(columns, settings));
    const sampled = columns.filter(({ name }) => names.has(name));
    const samples = sampled.length === 0 ? new Map() : await this.samples(manager, order, sampled);
    return judgeWindow(columns, settings, samples);
  }

  private async samples(
    manager: EntityManager,
    { version, window }: ExaminationOrder,
    columns: readonly WatchedColumn[],
  ): Promise<ColumnSamples> {
    const reference = await this.references.of(version);
    const rows = Math.min(SAMPLE_ROWS, Math.floor(SAMPLE_VALUES / columns.length));
    const drawn = { seed: seedOf(window), rows };
    const inputs = await this.logged.sampleInputs({ versionId: version.id, ...window }, drawn, manager);
    const current = await columnsOfRows(columns, inputs);
    return new Map(
      columns.flatMap(({ name }) => {
        const [known, values] = [reference.get(name), current.get(name)];
        return known && values ? [[name, { reference: known, current: values }]] : [];
      }),
    );
  }

  /** Of the policy's own window for quality; without one, of the window of the check, if outcomes are there. */
  private async measureQuality(manager: EntityManager, order: ExaminationOrder): Promise<WindowQuality | null> {
    const { version, settings } = order;
    const window = qualityWindow(order);
    if (isEmpty(window)) return null;
    const predictions = { versionId: version.id, ...window };
    if (!settings.quality && !(await this.logged.anyOutcome(predictions, manager))) return null;
    return this.quality.of({ version, ...window, seed: seedOf(window) }, manager);
  }
}

/** Never before the version became champion. */
function qualityWindow({ window, settings: { quality }, servesSince }: ExaminationOrder): AlignedWindow {
  if (!quality) return window;
  const from = Math.max(servesSince.getTime(), window.to.getTime() - quality.windowSeconds * 1_000);
  return { from: new Date(Math.min(from, window.to.getTime())), to: window.to };
}

/** The same window draws the same rows. */
function seedOf({ to }: AlignedWindow): number {
  return Math.floor(to.getTime() / 1_000);
}
