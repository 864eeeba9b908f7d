/** What a model learns from a moment: a number each, in UTC. WEEKDAY is ISO 8601's, 1 for Monday to 7 for Sunday. */
export type TimePart = 'YEAR' | 'MONTH' | 'WEEKDAY' | 'HOUR';

export type TimeType = 'DATE' | 'TIMESTAMP';

/** A number that is computed from a column of moments. */
export interface DerivedFrom {
  readonly column: string;
  readonly type: TimeType;
  readonly part: TimePart;
}

const PARTS: Readonly<Record<TimePart, (moment: Date) => number>> = {
  YEAR: (moment) => moment.getUTCFullYear(),
  MONTH: (moment) => moment.getUTCMonth() + 1,
  WEEKDAY: (moment) => ((moment.getUTCDay() + 6) % 7) + 1,
  HOUR: (moment) => moment.getUTCHours(),
};

/** The parts that a column of this type is expanded to; its features are called `<column>.year` and so on. */
export function derivedFeatures(column: string, type: TimeType): (DerivedFrom & { readonly name: string })[] {
  const parts = (Object.keys(PARTS) as TimePart[]).filter((part) => part !== 'HOUR' || type === 'TIMESTAMP');
  return parts.map((part) => ({ name: `${column}.${part.toLowerCase()}`, column, type, part }));
}

/** Training and serving both expand moments here. @param milliseconds since 1970. @returns NaN for NaN. */
export function timePart(milliseconds: number, part: TimePart): number {
  return PARTS[part](new Date(milliseconds));
}

const FORM = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Milliseconds since 1970 of an ISO 8601 date, such as 2026-01-31, or for a TIMESTAMP date and time, such as
 * 2026-01-31T13:45:00Z; without an offset it is UTC, as in extracted data. Numbers are refused: nobody can tell seconds
 * from milliseconds.
 * @returns undefined for what is no such text, or no day of the calendar.
 */
export function parseMoment(value: unknown, type: TimeType): number | undefined {
  const match = typeof value === 'string' ? FORM.exec(value) : null;
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', offset] = match;
  if (hour !== undefined && type === 'DATE') return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isReal = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isReal || Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59 || Number(second) > 59) return undefined;
  const sinceMidnight = (Number(hour ?? 0) * 60 + Number(minute ?? 0)) * 60 + Number(second);
  return date.getTime() + sinceMidnight * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)) - offsetOf(offset);
}

function offsetOf(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6));
  return (offset.startsWith('-') ? -1 : 1) * minutes * 60_000;
}
