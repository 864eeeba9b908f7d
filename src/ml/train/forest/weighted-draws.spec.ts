import { Random } from '../../statistics/random.js';
import { drawWeighted, weightedDraws } from './weighted-draws.js';

describe('weighted draws', () => {
  it('draw rows in proportion to their weights', () => {
    const weights = Float64Array.of(0, 1, 2, 0.5, 10, 6.5);
    const draws = weightedDraws(weights);
    const random = new Random(4);
    const counts = new Float64Array(weights.length);
    for (let i = 0; i < 200_000; i++) counts[drawWeighted(draws, random)]!++;
    expect(counts[0]).toBe(0);
    weights.forEach((weight, row) => {
      const expected = weight * 10_000;
      expect(Math.abs(counts[row]! - expected)).toBeLessThanOrEqual(4 * Math.sqrt(expected));
    });
  });
});
