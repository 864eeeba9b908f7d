import { v7 as uuidv7 } from 'uuid';
import { DAY_MS, dueBefore, minuteOfPredictionId, tierAt, TIERS, upTo } from './windows.js';

const at = (text: string): number => Date.parse(text);
const NOW = at('2026-03-10T12:34:56Z');

describe('windows', () => {
  it('take a prediction by the time in its id', () => {
    const start = at('2026-03-10T12:34:00Z');
    for (const ms of [0, 1, 59_999]) expect(minuteOfPredictionId(uuidv7({ msecs: start + ms }))).toBe(start);
    expect(minuteOfPredictionId(uuidv7({ msecs: start - 1 }))).toBe(start - 60_000);
    expect(minuteOfPredictionId(uuidv7({ msecs: start + 60_000 }))).toBe(start + 60_000);
  });

  it('are merged once they ended long enough ago', () => {
    const due = TIERS.map((tier) => dueBefore(tier, NOW));
    // The hour from 8 to 9 ended 3 h 34 min ago, that from 9 to 10 only 2 h 34 min.
    expect(due).toEqual([undefined, at('2026-03-10T09:00:00Z'), at('2026-02-03T00:00:00Z')]);
  });

  it('of any age have one tier', () => {
    const tierOf = (time: number) => tierAt(time, NOW).granularity;
    expect(tierOf(NOW + DAY_MS)).toBe('MINUTE');
    expect(tierOf(at('2026-03-10T09:00:00Z'))).toBe('MINUTE');
    expect(tierOf(at('2026-03-10T08:59:00Z'))).toBe('HOUR');
    expect(tierOf(at('2026-02-03T00:00:00Z'))).toBe('HOUR');
    expect(tierOf(at('2026-02-02T23:59:00Z'))).toBe('DAY');
  });

  it('take up all finer ones', () => {
    expect(upTo('MINUTE')).toEqual(['BATCH', 'MINUTE']);
    expect(upTo('DAY')).toEqual(['BATCH', 'MINUTE', 'HOUR', 'DAY']);
  });
});
