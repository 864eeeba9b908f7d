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
