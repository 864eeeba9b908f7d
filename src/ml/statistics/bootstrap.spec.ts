import { pairedBootstrap } from './bootstrap.js';
import { Random } from './random.js';

const uniform = (seed: number, rows: number): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: rows }, () => random.uniform());
};

describe('pairedBootstrap', () => {
  it('agrees with the normal interval of a mean difference', async () => {
    const first = uniform(1, 2000);
    const second = uniform(2, 2000);
    const differences = first.map((loss, i) => loss - second[i]!);
    const mean = differences.reduce((sum, x) => sum + x, 0) / 2000;
    const deviation = Math.sqrt(differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2000);
    const interval = await pairedBootstrap(first, second, { seed: 3, statistic: 'MEAN' });
    const halfWidth = (1.96 * deviation) / Math.sqrt(2000);
    expect(interval.difference).toBeCloseTo(mean, 12);
    expect(Math.abs(interval.low - (mean - halfWidth)) / halfWidth).toBeLessThan(0.1);
    expect(Math.abs(interval.high - (mean + halfWidth)) / halfWidth).toBeLessThan(0.1);
  });

  it('covers the true difference in about 95 of 100 samples', async () => {
    let covered = 0;
    for (let sample = 0; sample < 200; sample++) {
      const first = uniform(1000 + sample, 120);
      const second = uniform(5000 + sample, 120).map((x) => x * 0.9);
      const { low, high } = await pairedBootstrap(first, second, { seed: sample, statistic: 'MEAN', resamples: 400 });
      if (low <= 0.05 && 0.05 <= high) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThanOrEqual(199);
  });

  it('is narrow for losses that move together, since it draws pairs', async () => {
    const first = uniform(1, 500).map((x) => 100 * x);
    const second = first.map((loss) => loss - 0.5);
    const { difference, low, high } = await pairedBootstrap(first, second, { seed: 1, statistic: 'MEAN' });
    for (const value of [difference, low, high]) expect(value).toBeCloseTo(0.5, 9);
  });

  it('compares root mean squared errors', async () => {
    const first = new Float64Array(50).fill(9);
    const second = new Float64Array(50).fill(4);
    const interval = await pairedBootstrap(first, second, { seed: 1, statistic: 'ROOT_MEAN' });
    expect(interval).toEqual({ difference: 1, low: 1, high: 1 });
  });

  it('gives the same interval for the same seed, another for another', async () => {
    const run = (seed: number) => pairedBootstrap(uniform(1, 90), uniform(2, 90), { seed, statistic: 'MEAN' });
    expect(await run(8)).toEqual(await run(8));
    expect(await run(9)).not.toEqual(await run(8));
  });

  it('refuses losses of different rows, and none', async () => {
    const options = { seed: 1, statistic: 'MEAN' } as const;
    await expect(pairedBootstrap(new Float64Array(2), new Float64Array(3), options)).rejects.toThrow(RangeError);
    await expect(pairedBootstrap(new Float64Array(0), new Float64Array(0), options)).rejects.toThrow(RangeError);
  });
});
