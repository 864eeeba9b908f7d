import { type AlignedWindow, alignedWindow } from '../../predictions/counts/aligned-window.js';
import { floorTo, SLOT_MS } from '../../predictions/counts/windows.js';

/**
 * The window of a check: the last one of its length that ends by the tick and that the counts still tell apart, without
 * what the version predicted before it became champion. It is empty (`from` equals `to`) if it became so later.
 */
export function checkWindow(tick: Date, seconds: number, now: Date, championSince: Date): AlignedWindow {
  const { from, to } = alignedWindow(tick, seconds, now);
  const start = floorTo(championSince.getTime() + SLOT_MS - 1, SLOT_MS);
  return { from: new Date(Math.min(to.getTime(), Math.max(from.getTime(), start))), to };
}

export function isEmpty({ from, to }: AlignedWindow): boolean {
  return from.getTime() >= to.getTime();
}
