/** Pauses after the first attempt, the second, and so on: six attempts in an hour. */
export const PAUSES_SECONDS = [10, 60, 300, 900, 2400] as const;
export const MAX_ATTEMPTS = PAUSES_SECONDS.length + 1;

/** From so many failed attempts in a row on, whatever the deliveries, a webhook gets one attempt in this time. */
export const SLOWED_FROM = 10;
export const SLOWED_SECONDS = 300;
/** And at so many it is disabled: it has failed for seven hours at least. */
export const DISABLED_FROM = 100;

/** Seconds until the next attempt of a delivery; undefined if that was the last. */
export function pauseAfter(attempt: number): number | undefined {
  return PAUSES_SECONDS[attempt - 1];
}

/** What a webhook's failed attempts in a row lead to. */
export function standing(failures: number): 'FINE' | 'SLOWED' | 'DISABLED' {
  if (failures >= DISABLED_FROM) return 'DISABLED';
  return failures >= SLOWED_FROM ? 'SLOWED' : 'FINE';
}
