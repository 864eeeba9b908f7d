import { alignedWindow, isCountedExactly, windowProblem } from './aligned-window.js';
import { dueBefore, floorTo, TIERS } from './windows.js';

const NOW = new Date('2026-03-10T12:34:56.789Z');
const SECOND = 1_000;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const before = (seconds: number) => new Date(NOW.getTime() - seconds * SECOND);
const bounds = (seconds: number, end = NOW) => {
  const { from, to } = alignedWindow(end, seconds, NOW);
  return `${from.toISOString().slice(0, -5)} ${to.toISOString().slice(0, -5)}`;
};

describe('alignedWindow', () => {
  it('ends at the last slot, minute, hour or day that its length and age allow', () => {
    expect(bounds(10)).toBe('2026-03-10T12:34:40 2026-03-10T12:34:50');
    expect(bounds(9 * MINUTE)).toBe('2026-03-10T12:25:50 2026-03-10T12:34:50');
    expect(bounds(10 * MINUTE)).toBe('2026-03-10T12:24:00 2026-03-10T12:34:00');
    expect(bounds(2 * HOUR)).toBe('2026-03-10T10:34:00 2026-03-10T12:34:00');
    expect(bounds(3 * HOUR)).toBe('2026-03-10T09:00:00 2026-03-10T12:00:00');
    expect(bounds(DAY)).toBe('2026-03-09T12:00:00 2026-03-10T12:00:00');
    expect(bounds(30 * DAY)).toBe('2026-02-08T12:00:00 2026-03-10T12:00:00');
    expect(bounds(60 * DAY)).toBe('2026-01-09T00:00:00 2026-03-10T00:00:00');
  });

  it('is coarser for windows of long ago', () => {
    expect(bounds(10 * MINUTE, before(HOUR))).toBe('2026-03-10T11:24:00 2026-03-10T11:34:00');
    expect(bounds(HOUR, before(DAY))).toBe('2026-03-09T11:00:00 2026-03-09T12:00:00');
    expect(bounds(DAY, before(90 * DAY))).toBe('2025-12-09T00:00:00 2025-12-10T00:00:00');
  });

  it('is as long as what is left of its counts, if they were merged to more than was asked for', () => {
    expect(bounds(10, before(HOUR))).toBe('2026-03-10T11:33:00 2026-03-10T11:34:00');
    expect(bounds(HOUR, before(90 * DAY))).toBe('2025-12-09T00:00:00 2025-12-10T00:00:00');
  });

  it('lies on bounds that no merge of the next half minute removes, for every length that can be read', () => {
    const soon = NOW.getTime() + 29 * SECOND;
    const kept = (time: number) => TIERS.filter((tier) => time < (dueBefore(tier, soon) ?? Infinity)).at(-1)!.sizeMs;
    for (const seconds of [10, 80, 530, 540, 600, 3_660, 9_000, 10_800, 5 * DAY, 30 * DAY, 31 * DAY, 366 * DAY]) {
      expect(windowProblem(seconds)).toBeUndefined();
      for (let late = 0; late < 40 * DAY; late = late * 1.3 + 7) {
        const { from, to } = alignedWindow(before(late), seconds, NOW);
        expect(to.getTime()).toBeLessThanOrEqual(before(late).getTime());
        expect(to.getTime() - from.getTime()).toBeGreaterThanOrEqual(seconds * SECOND);
        if (late < 20) expect(to.getTime() - from.getTime()).toBe(seconds * SECOND);
        for (const bound of [from.getTime(), to.getTime()]) expect(bound).toBe(floorTo(bound, kept(bound)));
      }
    }
  });
});

describe('isCountedExactly', () => {
  it.each([
    ['2026-03-10T12:34:40Z', '2026-03-10T12:34:50Z', true],
    ['2026-03-10T12:34:40Z', '2026-03-10T12:34:51Z', false],
    ['2026-03-10T11:00:00Z', '2026-03-10T12:34:50Z', true],
    // The minute from 12:24 is merged within the next four seconds.
    ['2026-03-10T12:24:10Z', '2026-03-10T12:34:50Z', false],
    ['2026-03-10T07:30:00Z', '2026-03-10T12:34:50Z', false],
    ['2026-03-10T07:00:00Z', '2026-03-10T12:34:50Z', true],
    ['2026-01-10T07:00:00Z', '2026-03-10T12:00:00Z', false],
    ['2026-01-10T00:00:00Z', '2026-03-10T12:00:00Z', true],
  ])('of %s to %s is %p', (from, to, exact) => {
    expect(isCountedExactly({ from: new Date(from), to: new Date(to) }, NOW)).toBe(exact);
  });
});

describe('windowProblem', () => {
  it.each([0, -10, NaN, 5, 15, 10.5, 550, 601, 9_060, 3 * HOUR + 60, 30 * DAY + HOUR, 367 * DAY, Infinity])(
    'refuses %p seconds and says what to take',
    (seconds) => {
      expect(windowProblem(seconds)).toMatch(/^A window (must|of)/);
    },
  );

  it('names the multiple that can be read', () => {
    expect(windowProblem(3 * HOUR + 60)).toBe(
      "A window of 10860 seconds can't be read from the counts: take a multiple of 3600 seconds (an hour)",
    );
  });
});
