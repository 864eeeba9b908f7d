import { Random } from '../../statistics/random.js';
import { sortFloats } from './ordered-bits.js';

describe('sorting by radix', () => {
  it.each([10, 5000])('orders %i numbers of all signs and sizes as a comparison does', (length) => {
    const random = new Random(3);
    const values = Float32Array.from({ length }, () => (random.uniform() - 0.5) * 10 ** (random.below(70) - 35));
    values.set([0, -0, 3.4e38, -3.4e38, 1e-45, -1e-45]);
    const expected = [...values].sort((a, b) => a - b);
    expect([...sortFloats(values)].map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
  });
});
