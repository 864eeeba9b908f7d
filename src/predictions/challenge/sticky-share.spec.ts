import { rowKey, StickyShare } from './sticky-share.js';

const IDS = 100_000;
const modelId = '01988a40-0000-7000-8000-00000000000a';
const first = { modelId, versionId: '01988a40-0000-7000-8000-000000000001' };
const second = { modelId, versionId: '01988a40-0000-7000-8000-000000000002' };

/** How many standard deviations a number of hits lies off the share. */
function deviation(hits: number, of: number, share: number): number {
  return Math.abs(hits - of * share) / Math.sqrt(of * share * (1 - share));
}

function chosen(sticky: StickyShare, keyOf: (i: number) => string): number[] {
  return Array.from({ length: IDS }, (_, i) => i).filter((i) => sticky.includes(keyOf(i)));
}

describe('StickyShare', () => {
  it.each([0.001, 0.05, 0.2, 0.5])('takes a share of %p of 100,000 ids, within 4 standard deviations', (share) => {
    for (const keyOf of [(i: number) => `trip-${i}`, (i: number) => String(i), (i: number) => rowKey(null, 'req', i)]) {
      const hits = chosen(new StickyShare(first, share), keyOf).length;
      expect(deviation(hits, IDS, share)).toBeLessThan(4);
    }
  });

  it('sends a key the same way every time, and keeps those it has when the share grows', () => {
    const keyOf = (i: number): string => `order ${i}`;
    const few = chosen(new StickyShare(first, 0.1), keyOf);
    expect(chosen(new StickyShare(first, 0.1), keyOf)).toEqual(few);
    const more = new Set(chosen(new StickyShare(first, 0.3), keyOf));
    expect(few.every((i) => more.has(i))).toBe(true);
  });

  it('chooses for each challenge on its own', () => {
    const keyOf = (i: number): string => `trip-${i}`;
    const other = new StickyShare(second, 0.2);
    const both = chosen(new StickyShare(first, 0.2), keyOf).filter((i) => other.includes(keyOf(i)));
    expect(deviation(both.length, IDS, 0.04)).toBeLessThan(4);
    const otherModel = new StickyShare({ ...first, modelId: second.versionId }, 0.2);
    const across = chosen(new StickyShare(first, 0.2), keyOf).filter((i) => otherModel.includes(keyOf(i)));
    expect(deviation(across.length, IDS, 0.04)).toBeLessThan(4);
  });

  it('takes all rows for a share of 1', () => {
    expect(chosen(new StickyShare(first, 1), String)).toHaveLength(IDS);
  });
});

describe('rowKey', () => {
  it('is the correlation id, or the place in the request', () => {
    expect(rowKey(['a', 'b'], 'request', 1)).toBe('b');
    expect(rowKey(null, 'request', 1)).toBe('request 1');
    expect(rowKey(undefined, 'request', 0)).toBe('request 0');
  });
});
