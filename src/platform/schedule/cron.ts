import { CronExpressionParser, type CronExpression } from 'cron-parser';
import { changeBetween, instantsOf, isTimeZone, offsetAt } from './time-zone.js';

/**
 * Cron expressions of 5 fields, or 6 with seconds first, on the clock of a time zone. The library knows the fields; what
 * happens when clocks change is decided here, as in Vixie's cron: an expression for every hour follows real time, so
 * that "every ten minutes" stays that. Any other fires once for each local time it names: one that is skipped fires
 * when clocks are put forward, one that comes twice fires the first time.
 */

interface Field {
  readonly name: string;
  readonly values: string;
}

const FIELDS: readonly Field[] = [
  { name: 'second', values: '0 to 59' },
  { name: 'minute', values: '0 to 59' },
  { name: 'hour', values: '0 to 23' },
  { name: 'day of the month', values: '1 to 31, or L for the last' },
  { name: 'month', values: '1 to 12, or JAN to DEC' },
  { name: 'day of the week', values: '0 to 7, or SUN to SAT' },
];
const MAX_LENGTH = 200;
/** Jenkins' sign for "some value", which would be another one in every process. */
const HASHED = /(^|,)h/i;
const DAY_SECONDS = 86_400;
const DAY_MS = DAY_SECONDS * 1000;
/** Clocks are not put back or forward by more, and not twice within it. */
const LONGEST_STEP_MS = 25 * 3_600_000;
/** A year of days is compared for the shortest gap. */
const YEAR_MS = 366 * DAY_MS;

/** What is wrong with an expression or its time zone, for the person who wrote it; undefined if nothing is. */
export function cronProblem(expression: string, timeZone: string): string | undefined {
  if (expression.length > MAX_LENGTH) return `A cron expression has at most ${MAX_LENGTH} characters.`;
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== 5 && texts.length !== 6) {
    return `${JSON.stringify(expression)} is no cron expression: write 5 fields (minute, hour, day of the month, month, day of the week), as in "30 2 * * *", or 6 with seconds first.`;
  }
  if (!isTimeZone(timeZone)) {
    return `There is no time zone ${JSON.stringify(timeZone)}. Use a name such as Europe/Paris or UTC.`;
  }
  const fields = FIELDS.slice(-texts.length);
  const wrong = texts.findIndex(
    (text, at) => HASHED.test(text) || !fires(texts.map((_, i) => (i === at ? text : '*'))),
  );
  if (wrong >= 0) {
    const { name, values } = fields[wrong]!;
    return `The ${name} of the cron expression, ${JSON.stringify(texts[wrong])}, can't be read: use ${values}; * for all, 1-5 for a range, 1,15 for a list, */10 for steps.`;
  }
  return fires(texts) ? undefined : `The cron expression ${JSON.stringify(expression)} never fires: no such day comes.`;
}

/** The first tick after an instant. @throws Error for an expression that `cronProblem` refuses. */
export function nextTick(expression: string, timeZone: string, after: Date): Date {
  const from = after.getTime();
  const isHourly = firesEveryHour(parse(expression));
  const firstAfter = (wall: number): number => {
    for (let next = wall; ;) {
      next = wallAfter(expression, next);
      const tick = ticksOf(next, timeZone, isHourly).find((instant) => instant > from);
      if (tick !== undefined) return tick;
    }
  };
  const tick = firstAfter(from + offsetAt(from, timeZone));
  // What clocks show once more after they were put back is later in time, but earlier on the clock.
  const change = isHourly ? clocksPutBack(from, from + LONGEST_STEP_MS, timeZone) : undefined;
  return new Date(change ? Math.min(tick, firstAfter(change.wallAfter - 1)) : tick);
}

/** The last tick at or before an instant; undefined if there was none in the years before. */
export function previousTick(expression: string, timeZone: string, atOrBefore: Date): Date | undefined {
  const to = atOrBefore.getTime();
  const isHourly = firesEveryHour(parse(expression));
  const lastUpTo = (wall: number): number => {
    for (let last: number | undefined = wall + 1; ;) {
      last = wallBefore(expression, last);
      if (last === undefined) return -Infinity;
      const tick = ticksOf(last, timeZone, isHourly).findLast((instant) => instant <= to);
      if (tick !== undefined) return tick;
    }
  };
  const tick = lastUpTo(to + offsetAt(to, timeZone));
  const change = clocksPutBack(to - LONGEST_STEP_MS, to, timeZone);
  const last = change ? Math.max(tick, lastUpTo(change.wallBefore - 1)) : tick;
  return last === -Infinity ? undefined : new Date(last);
}

/** Seconds between the two ticks that are closest to each other, changes of the clock aside. */
export function shortestGap(expression: string): number {
  const { hour, minute, second } = parse(expression).fields;
  const times = hour.values.flatMap((h) =>
    minute.values.flatMap((m) => second.values.map((s) => (h * 60 + m) * 60 + s)),
  );
  const withinDay = Math.min(Infinity, ...times.slice(1).map((time, index) => time - times[index]!));
  const overnight = DAY_SECONDS - times.at(-1)! + times[0]!;
  if (overnight >= withinDay) return withinDay;
  return Math.min(withinDay, overnight + (shortestWait(expression) - 1) * DAY_SECONDS);
}

/** Days from one day on which the expression fires to the next such day, at least. */
function shortestWait(expression: string): number {
  const days = parse(`0 0 ${expression.trim().split(/\s+/).slice(-3).join(' ')}`, Date.now());
  let shortest = Infinity;
  let day = days.next().getTime();
  for (const until = day + YEAR_MS; day < until && shortest > 1;) {
    const next = days.next().getTime();
    shortest = Math.min(shortest, (next - day) / DAY_MS);
    day = next;
  }
  return shortest;
}

/** When an expression fires for a local time that it names. */
function ticksOf(wall: number, timeZone: string, isHourly: boolean): number[] {
  const instants = instantsOf(wall, timeZone);
  if (isHourly) return instants;
  if (instants.length > 0) return instants.slice(0, 1);
  return [changeBetween(wall - LONGEST_STEP_MS, wall + LONGEST_STEP_MS, timeZone)];
}

/** Local time just before and after clocks were put back, if they were between two instants. */
function clocksPutBack(
  from: number,
  to: number,
  timeZone: string,
): { wallBefore: number; wallAfter: number } | undefined {
  const [before, after] = [offsetAt(from, timeZone), offsetAt(to, timeZone)];
  if (before <= after) return undefined;
  const change = changeBetween(from, to, timeZone);
  return { wallBefore: change + before, wallAfter: change + after };
}

function firesEveryHour({ fields }: CronExpression): boolean {
  return fields.hour.values.length === 24;
}

function fires(texts: readonly string[]): boolean {
  try {
    wallAfter(texts.join(' '), Date.now());
    return true;
  } catch {
    return false;
  }
}

/** The next local time that an expression names, as if it were UTC. */
function wallAfter(expression: string, wall: number): number {
  return parse(expression, wall).next().getTime();
}

function wallBefore(expression: string, wall: number): number | undefined {
  const cron = parse(expression, wall);
  return cron.hasPrev() ? cron.prev().getTime() : undefined;
}

function parse(expression: string, wall = 0): CronExpression {
  return CronExpressionParser.parse(expression, { tz: 'UTC', currentDate: new Date(wall) });
}
