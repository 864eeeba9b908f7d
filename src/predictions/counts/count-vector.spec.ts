import fc from 'fast-check';
import { addCounts, encodeCounts } from './count-vector.js';

const decode = (bytes: Uint8Array, length: number): number[] => {
  const target = new Float64Array(length);
  addCounts(bytes, target);
  return [...target];
};

describe('encoded counts', () => {
  it('come back as they were, sparse or dense, small or large, negative too', () => {
    const count = fc.oneof(
      fc.constant(0),
      fc.integer({ min: -300, max: 300 }),
      fc.maxSafeNat().map((n) => (n / 2) | 0),
    );
    fc.assert(
      fc.property(fc.array(count, { maxLength: 400 }), (counts) => {
        expect(decode(encodeCounts(counts), counts.length)).toEqual(counts);
      }),
    );
    const largest = [2 ** 52 - 1, 0, -(2 ** 52) + 1];
    expect(decode(encodeCounts(largest), 3)).toEqual(largest);
  });

  it('add up', () => {
    const target = Float64Array.of(1, 0, 5);
    addCounts(encodeCounts([2, 3, 0]), target);
    addCounts(encodeCounts([0, -1, -5]), target);
    expect([...target]).toEqual([3, 2, 0]);
  });

  it('take two bytes for each used bin of a single row', () => {
    const counts = new Uint32Array(1_400);
    for (let column = 0; column < 20; column++) counts[column * 70 + 33] = 1;
    expect(encodeCounts(counts)).toHaveLength(40);
  });

  it('that are damaged or belong to another vector are refused', () => {
    expect(() => decode(Uint8Array.of(1), 4)).toThrow(RangeError);
    expect(() => decode(Uint8Array.of(0x81), 4)).toThrow(RangeError);
    expect(() => decode(encodeCounts([0, 0, 1]), 2)).toThrow(RangeError);
    expect(() => encodeCounts([0.5])).toThrow(RangeError);
    expect(() => encodeCounts([2 ** 53])).toThrow(RangeError);
  });
});
