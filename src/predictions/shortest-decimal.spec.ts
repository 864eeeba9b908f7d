import { shortestDecimal } from './shortest-decimal.js';

/** By texts alone: the fewest digits, from 7 on, that read back as the same float32. */
function byText(value: number): number {
  for (let digits = 7; ; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
}

const bits = new Uint32Array(1);
const floats = new Float32Array(bits.buffer);
const floatOf = (pattern: number): number => {
  bits[0] = pattern;
  return floats[0]!;
};

/** Compared without `expect`, which takes longer than all of the numbers. */
function differing(values: Iterable<number>): number[] {
  return [...values].filter((value) => shortestDecimal(value) !== byText(value));
}

describe('shortestDecimal', () => {
  it.each([
    [Math.fround(0.3), 0.3],
    [Math.fround(-12.7), -12.7],
    [Math.fround(1e-10), 1e-10],
    [Math.fround(1 / 3), 0.33333334],
    [Math.fround(16_777_217), 16_777_216],
    [Math.fround(3.4e38), 3.4e38],
    [1.401298464324817e-45, 1.401298e-45],
    [0, 0],
  ])('of %d is %d', (value, short) => {
    expect(shortestDecimal(value)).toBe(short);
  });

  it('is what reading back texts finds, over all signs and exponents', () => {
    // An odd step goes through patterns of every kind: an irregular sample of 2^32.
    const values = Array.from({ length: 60_000 }, (_, i) => floatOf(Math.imul(i, 0x9e37_79b1) >>> 0));
    expect(differing(values.filter(Number.isFinite))).toEqual([]);
  });

  it('is the same for probabilities, and around every power of ten', () => {
    const probabilities = Array.from({ length: 40_000 }, (_, i) =>
      Math.fround(((i * 0.618_033_988_7) % 1) ** (1 + (i % 4))),
    );
    expect(differing(probabilities)).toEqual([]);
    const powers = Array.from({ length: 60 }, (_, i) => {
      floats[0] = Number(`1e${i - 40}`);
      const pattern = bits[0]!;
      return Array.from({ length: 41 }, (_step, step) => floatOf(Math.max(0, pattern + step - 20)));
    });
    expect(differing(powers.flat().filter(Number.isFinite))).toEqual([]);
  });

  it('is the same where decimals of seven digits lie in the middle of two others', () => {
    // Multiples of a small power of two have few digits, of which the last one is a 5.
    const middles = Array.from({ length: 20_000 }, (_, i) => (2 * i + 1) / 2 ** (1 + (i % 24)));
    expect(differing(middles.map(Math.fround))).toEqual([]);
  });
});
