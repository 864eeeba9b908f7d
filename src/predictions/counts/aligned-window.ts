import { DAY_MS, floorTo, HOUR_MS, MINUTE_MS, SLOT_MS, tierAt } from './windows.js';

/** Predictions with `from` ≤ time in their id < `to`. */
export interface AlignedWindow {
  readonly from: Date;
  readonly to: Date;
}

interface Unit {
  readonly sizeMs: number;
  readonly name: string;
  /** Windows that start at most this long ago can be read in this unit. */
  readonly reachMs: number;
  /** Windows may be longer than this only in a coarser unit. */
  readonly longestMs: number;
}

/**
 * What windows are multiples of. Each unit reaches less far than its counts are kept (see TIERS), so that no merge gets
 * in between the choice of a window and its reading, and its longest windows end a little earlier still, so that a check
 * may come late.
 */
const UNITS: readonly Unit[] = [
  { sizeMs: SLOT_MS, name: '10 seconds', reachMs: 9.5 * MINUTE_MS, longestMs: 9 * MINUTE_MS },
  { sizeMs: MINUTE_MS, name: '60 seconds', reachMs: 170 * MINUTE_MS, longestMs: 150 * MINUTE_MS },
  { sizeMs: HOUR_MS, name: '3600 seconds (an hour)', reachMs: 34 * DAY_MS, longestMs: 30 * DAY_MS },
  { sizeMs: DAY_MS, name: '86400 seconds (a day)', reachMs: Infinity, longestMs: 366 * DAY_MS },
];

/**
 * The last window of this length that ends by `end` and that the counts still tell apart: both bounds lie on slots,
 * minutes, hours or days (UTC), whichever its age allows.
 * @param seconds a length without {@link windowProblem}. A window so long ago that its counts were merged to more than
 *   this becomes as long as they are: `to − from` is never less than was asked for.
 */
export function alignedWindow(end: Date, seconds: number, now: Date): AlignedWindow {
  for (const { sizeMs, reachMs } of UNITS) {
    const to = floorTo(end.getTime(), sizeMs);
    const from = floorTo(to - seconds * 1_000, sizeMs);
    if (now.getTime() - from <= reachMs) return { from: new Date(from), to: new Date(to) };
  }
  throw new RangeError('A window must be at a time.');
}

/** Whether the counts tell the bounds of a window apart, also if a merge begins soon. */
export function isCountedExactly({ from, to }: AlignedWindow, now: Date): boolean {
  const soon = now.getTime() + MINUTE_MS;
  return [from.getTime(), to.getTime()].every((bound) => bound % tierAt(bound, soon).sizeMs === 0);
}

/** @returns what is wrong with a length of windows; undefined if windows of this length can be read. */
export function windowProblem(seconds: number): string | undefined {
  const longest = UNITS.at(-1)!.longestMs;
  if (!(seconds > 0)) return 'A window must be longer than 0 seconds';
  if (seconds * 1_000 > longest) return `A window must not be longer than ${longest / DAY_MS} days`;
  const unit = UNITS.find(({ longestMs }) => seconds * 1_000 <= longestMs)!;
  if (Number.isInteger((seconds * 1_000) / unit.sizeMs)) return undefined;
  return `A window of ${seconds} seconds can't be read from the counts: take a multiple of ${unit.name}`;
}
