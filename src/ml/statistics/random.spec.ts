import { Random } from './random.js';

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uint32());

describe('Random', () => {
  it('repeats itself for the same seed and stream, and differs for others', () => {
    const first = draw(new Random(42, 3), 5);
    expect(draw(new Random(42, 3), 5)).toEqual(first);
    expect(draw(new Random(42, 4), 5)).not.toEqual(first);
    expect(draw(new Random(43, 3), 5)).not.toEqual(first);
    expect(draw(new Random(42 + 2 ** 40, 3), 5)).not.toEqual(first);
  });

  it('never changes its sequence, since seeds are stored with models', () => {
    expect(draw(new Random(1), 3)).toEqual(SEQUENCE_OF_SEED_1);
  });

  it('is uniform over 16 cells within and across 200 neighbouring streams (chi-square, 15 degrees of freedom)', () => {
    const within = new Float64Array(16);
    const across = new Float64Array(16);
    for (let stream = 0; stream < 200; stream++) {
      const random = new Random(7, stream);
      across[random.below(16)]! += 16;
      for (let i = 0; i < 400; i++) within[random.below(16)]! += 1;
    }
    expect(chiSquare(within)).toBeLessThan(37.7); // p = 0.001
    expect(chiSquare(across) / 16).toBeLessThan(37.7);
  });

  it('draws uniform numbers with mean 1/2 and variance 1/12', () => {
    const random = new Random(5);
    const values = Array.from({ length: 100_000 }, () => random.uniform());
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.004);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values.slice(0, 1000))).toBeLessThan(1);
  });
});

const SEQUENCE_OF_SEED_1 = [4064752930, 1169703512, 1317941441];

function chiSquare(counts: Float64Array): number {
  const expected = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}
