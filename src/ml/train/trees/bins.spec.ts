import { Random } from '../../statistics/random.js';
import { binColumn, MAX_BINS, MISSING } from './bins.js';

const random = new Random(5);
const columns: Readonly<Record<string, Float32Array>> = {
  'few values': Float32Array.from({ length: 3000 }, () => random.below(7) - 3),
  'all sizes': Float32Array.from({ length: 3000 }, () => (random.uniform() - 0.5) * 10 ** (random.below(60) - 30)),
  'far from zero': Float32Array.from({ length: 3000 }, () => 1.7e9 + 128 * random.below(5000)),
  'gaps and zeros': Float32Array.from(
    { length: 3000 },
    () => [NaN, 0, -0, 1e-40, -1e-40, random.uniform()][random.below(6)]!,
  ),
};

describe.each(Object.entries(columns))('bins of %s', (_name, values) => {
  const { codes, thresholds } = binColumn(values);

  it('hold the values between their thresholds', () => {
    values.forEach((value, row) => {
      const bin = thresholds.filter((threshold) => !(value <= threshold)).length;
      expect(codes[row]).toBe(Number.isNaN(value) ? MISSING : bin);
    });
  });

  it('are few, ascending, and all in use', () => {
    expect(thresholds.length).toBeLessThan(MAX_BINS);
    thresholds.forEach((threshold, i) => {
      if (i > 0) expect(threshold).toBeGreaterThan(thresholds[i - 1]!);
    });
    const used = new Set(codes.filter((code) => code !== MISSING));
    expect(used.size).toBe(thresholds.length + 1);
  });
});
