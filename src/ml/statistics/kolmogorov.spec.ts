import { readGolden } from '../../../test/fixtures/drift/columns.js';
import { kolmogorovSurvival } from './kolmogorov.js';

const { kolmogorovSurvival: golden } = readGolden('scipy.json') as { kolmogorovSurvival: [number, number, number][] };

const SIZES = [...new Set(golden.map(([n]) => n))];

describe('kolmogorovSurvival', () => {
  it.each(SIZES)('equals scipy.stats.kstwo.sf for n = %d, by all methods', (n) => {
    const ofSize = golden.filter(([size]) => size === n);
    expect(ofSize).toHaveLength(14);
    for (const [, d, expected] of ofSize) {
      // Below 1e-290 numbers lose digits.
      const error = Math.abs(kolmogorovSurvival(n, d) - expected) / (expected < 1e-290 ? 1 : expected);
      expect({ d, close: error < 1e-9 }).toEqual({ d, close: true });
    }
  });

  it('is the asymptotic p-value of 500 against 400 with D = 0.1175', () => {
    expect(kolmogorovSurvival(222, 0.1175)).toBeCloseTo(0.00397304, 8);
  });

  it('is 1 for the smallest possible distance and 0 for the largest', () => {
    expect(kolmogorovSurvival(10, 0.05)).toBe(1);
    expect(kolmogorovSurvival(10, 0)).toBe(1);
    expect(kolmogorovSurvival(10, 1)).toBe(0);
  });

  it('decreases in d across the borders of its methods', () => {
    for (const n of [7, 100, 139, 140, 141, 500]) {
      const values = Array.from({ length: 400 }, (_, i) => kolmogorovSurvival(n, (i + 1) / 400));
      for (let i = 1; i < values.length; i++)
        expect(values[i]! - values[i - 1]!).toBeLessThanOrEqual(1e-6 * values[i - 1]!);
    }
  });

  it('refuses what is no number of values', () => {
    expect(() => kolmogorovSurvival(0, 0.1)).toThrow(RangeError);
    expect(() => kolmogorovSurvival(2.5, 0.1)).toThrow(RangeError);
    expect(() => kolmogorovSurvival(10, NaN)).toThrow(RangeError);
  });
});
