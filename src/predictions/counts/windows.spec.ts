import { v7 as uuidv7 } from 'uuid';
import { DAY_MS, dueBefore, slotOfPredictionId, tierAt, TIERS, upTo } from './windows.js';

const at = (text: string): number => Date.parse(text);
const NOW = at('2026-03-10T12:34:56Z');

describe('windows', () => {
  it('take a prediction by the time in its id', () => {
    const start = at('2026-03-10T12:34:20Z');
    for (const ms of [0, 1, 9_999]) expect(slotOfPredictionId(uuidv7({ msecs: start + ms }))).toBe(start);
    expect(slotOfPredictionId(uuidv7({ msecs: start - 1 }))).toBe(start - 10_000);
    expect(slotOfPredictionId(uuidv7({ msecs: start + 10_000 }))).toBe(start + 10_000);
  });

  it('are merged once they ended long enough ago', () => {
    const due = TIERS.map((tier) => dueBefore(tier, NOW));
    // The minute from 12:23 ended 10:56 min ago, that from 12:24 only 9:56. The hour from 8 to 9 ended 3 h 34 min ago,
    // that from 9 to 10 only 2 h 34 min.
    expect(due).toEqual([
      undefined,
      at('2026-03-10T12:24:00Z'),
      at('2026-03-10T09:00:00Z'),
      at('2026-02-03T00:00:00Z'),
    ]);
  });

  it('of any age have one tier', () => {
    const tierOf = (time: number) => tierAt(time, NOW).granularity;
    expect(tierOf(NOW + DAY_MS)).toBe('SLOT');
    expect(tierOf(at('2026-03-10T12:24:00Z'))).toBe('SLOT');
    expect(tierOf(at('2026-03-10T12:23:50Z'))).toBe('MINUTE');
    expect(tierOf(at('2026-03-10T09:00:00Z'))).toBe('MINUTE');
    expect(tierOf(at('2026-03-10T08:59:00Z'))).toBe('HOUR');
    expect(tierOf(at('2026-02-03T00:00:00Z'))).toBe('HOUR');
    expect(tierOf(at('2026-02-02T23:59:00Z'))).toBe('DAY');
  });

  it('take up all finer ones', () => {
    expect(upTo('SLOT')).toEqual(['BATCH', 'SLOT']);
    expect(upTo('MINUTE')).toEqual(['BATCH', 'SLOT', 'MINUTE']);
    expect(upTo('DAY')).toEqual(['BATCH', 'SLOT', 'MINUTE', 'HOUR', 'DAY']);
  });
});
