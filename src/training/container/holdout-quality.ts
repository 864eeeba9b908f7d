import { metricBands } from '../../ml/metrics/bands.js';
import { type Diagnostics, diagnose } from '../../ml/metrics/diagnostics.js';
import type { TrainingTable } from '../../ml/train/table.js';
import type { Manifest } from '../../models/artifact/manifest.js';

const CONFIDENCE = 0.95;
/** Bounds of the work: of many rows, fewer resamples tell the same. */
const MAX_RESAMPLES = 500;
const MIN_RESAMPLES = 100;
const MAX_DRAWS = 20_000_000;

export interface HoldoutQuality {
  readonly intervals: Manifest['intervals'];
  readonly diagnostics: Diagnostics;
}

/** How sure the metrics on the held-out rows are, and what a drawing of them needs. */
export async function describeHoldout(
  { target, rows }: TrainingTable,
  scores: Float32Array,
  seed: number,
  signal: AbortSignal,
): Promise<HoldoutQuality> {
  const resamples = Math.max(MIN_RESAMPLES, Math.min(MAX_RESAMPLES, Math.floor(MAX_DRAWS / rows)));
  const bands = await metricBands(target, scores, { seed, resamples, confidence: CONFIDENCE, signal });
  const metrics = Object.entries(bands).map(([name, { low, high }]) => [name, { low, high }] as const);
  const intervals = { confidence: CONFIDENCE, resamples, metrics: Object.fromEntries(metrics) };
  return { intervals, diagnostics: await diagnose(target, scores) };
}
