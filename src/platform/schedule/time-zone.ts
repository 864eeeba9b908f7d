/** Formatters are slow to make; the bound is for texts such as `eUROPE/Paris`, which are names of zones, too. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATTERS = 1000;
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;
/** No two changes of a zone's offset are closer than this, and no change is larger. */
const FAR_MS = 25 * 3_600_000;

export function isTimeZone(timeZone: string): boolean {
  try {
    formatterOf(timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** What local clocks are ahead of UTC at this instant, in milliseconds. */
export function offsetAt(instant: number, timeZone: string): number {
  const match = OFFSET.exec(formatterOf(timeZone).format(instant));
  if (!match) throw new Error(`the offset of ${timeZone} is not written as expected`);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -offset : offset;
}

/**
 * The instants at which local clocks show `wall`, a local time written as if it were UTC: usually one, two where clocks
 * are put back, none where they are put forward.
 */
export function instantsOf(wall: number, timeZone: string): number[] {
  const offsets = new Set([offsetAt(wall - FAR_MS, timeZone), offsetAt(wall + FAR_MS, timeZone)]);
  return [...offsets]
    .map((offset) => ({ offset, instant: wall - offset }))
    .filter(({ offset, instant }) => offsetAt(instant, timeZone) === offset)
    .map(({ instant }) => instant)
    .sort((a, b) => a - b);
}

/** The first instant after which the offset is another one, between two instants whose offsets differ. */
export function changeBetween(from: number, to: number, timeZone: string): number {
  const before = offsetAt(from, timeZone);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return high;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const formatter = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatters.set(timeZone, formatter);
  return formatter;
}
