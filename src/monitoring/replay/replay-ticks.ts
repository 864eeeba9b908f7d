import { AppError } from '../../errors/app-error.js';
import { nextTick } from '../../platform/schedule/cron.js';
import type { PolicySettings } from '../policies/policy-settings.js';

/** A quarter of hourly checks, and some. */
export const MOST_TICKS = 3_000;

/**
 * The ticks of a policy in [from, to].
 * @throws AppError BAD_INPUT if the times are in the wrong order, or there are too many ticks in between.
 */
export function ticksBetween({ cron, timeZone }: PolicySettings, from: Date, to: Date): Date[] {
  if (from >= to) throw new AppError('BAD_INPUT', 'from must lie before to.');
  const ticks: Date[] = [];
  let tick = nextTick(cron, timeZone, new Date(from.getTime() - 1));
  while (tick <= to) {
    if (ticks.length === MOST_TICKS) {
      throw new AppError(
        'BAD_INPUT',
        `The policy would check more than ${MOST_TICKS} times between from and to. Choose a shorter time, or a cron expression that checks less often.`,
      );
    }
    ticks.push(tick);
    tick = nextTick(cron, timeZone, tick);
  }
  return ticks;
}
