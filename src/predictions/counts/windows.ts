import { timeOfPredictionId } from '../prediction-id.js';

/**
 * A window of counts holds the predictions whose ids were made within it: the time in a UUIDv7 decides, not the time of
 * the commit, as it decides about the partition of the log. Windows are aligned to UTC, and a day's windows cover
 * exactly the predictions of that day's partition.
 *
 * BATCH rows are those of one commit within one slot; they and the SLOT rows start with their slot of ten seconds.
 */
export const GRANULARITIES = ['BATCH', 'SLOT', 'MINUTE', 'HOUR', 'DAY'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const SLOT_MS = 10_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Into what rows are merged, and how long after the end of its window. */
export interface Tier {
  readonly granularity: Granularity;
  readonly sizeMs: number;
  readonly afterMs: number;
}

/**
 * Finer rows are kept for as long as checks may want windows that begin within them; the longer ago, the fewer rows a
 * check has to read: at most 10 minutes of slots, 180 minutes, 35 days of hours, and a row for each day before.
 */
export const TIERS: readonly Tier[] = [
  { granularity: 'SLOT', sizeMs: SLOT_MS, afterMs: -Infinity },
  { granularity: 'MINUTE', sizeMs: MINUTE_MS, afterMs: 10 * MINUTE_MS },
  { granularity: 'HOUR', sizeMs: HOUR_MS, afterMs: 3 * HOUR_MS },
  { granularity: 'DAY', sizeMs: DAY_MS, afterMs: 35 * DAY_MS },
];

/** Start (ms since 1970) of the slot in which a prediction was made. */
export function slotOfPredictionId(id: string): number {
  return floorTo(timeOfPredictionId(id).getTime(), SLOT_MS);
}

/** Windows of the tier that start before this time are due to be merged; `undefined` if all are. */
export function dueBefore({ sizeMs, afterMs }: Tier, now: number): number | undefined {
  return Number.isFinite(afterMs) ? floorTo(now - afterMs, sizeMs) : undefined;
}

/** The tier to which the counts of a slot are merged by now. */
export function tierAt(slot: number, now: number): Tier {
  return TIERS.findLast((tier) => slot < (dueBefore(tier, now) ?? Infinity))!;
}

/** Granularities that are merged into this one, itself included. */
export function upTo(granularity: Granularity): readonly Granularity[] {
  return GRANULARITIES.slice(0, GRANULARITIES.indexOf(granularity) + 1);
}

export function floorTo(time: number, sizeMs: number): number {
  return Math.floor(time / sizeMs) * sizeMs;
}
