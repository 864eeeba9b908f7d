import { durationText } from '../../decisions/duration-text.js';

const DAY = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
const TIME = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** An instant in UTC, with seconds only where there are any. */
export function instantInWords(iso: string): string {
  const instant = new Date(iso);
  return `${DAY.format(instant)}, ${TIME.format(instant).replace(/:00$/, '')}`;
}

/** From and to in UTC; the day stands once if it is the same. */
export function windowInWords(from: string, to: string): string {
  const [start, end] = [instantInWords(from), instantInWords(to)];
  const [day, time] = end.split(', ');
  return `${start} – ${start.startsWith(`${day!},`) ? time! : end} UTC`;
}

/** The length of a window. */
export function lengthInWords(from: string, to: string): string {
  return durationText((Date.parse(to) - Date.parse(from)) / 1000);
}
