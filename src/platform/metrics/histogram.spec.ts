import * as prometheus from 'prom-client';
import { Histogram } from './histogram.js';

const BUCKETS = [0.001, 0.5, 1, 10];
/** On, between and beyond the bounds. */
const VALUES = [0, 0.001, 0.0011, 0.5, 0.75, 1, 9.9, 10, 10.1, 1e6, 0.1, 0.2];

describe('Histogram', () => {
  afterEach(() => {
    prometheus.register.clear();
  });

  /** What a scrape gets of the metric that `make` registers. */
  async function scraped(make: () => void): Promise<string> {
    prometheus.register.clear();
    make();
    return prometheus.register.metrics();
  }

  it('is exposed as one of prom-client with the same observations', async () => {
    const options = {
      name: 'seconds',
      help: 'Time "it" takes',
      labelNames: ['method', 'route'],
      buckets: BUCKETS,
    } as const;
    const labels = VALUES.map((_, i) => ({ method: i % 3 === 0 ? 'GET' : 'POST', route: i % 2 === 0 ? '/a"b' : '/c' }));
    const ours = await scraped(() => {
      const histogram = new Histogram(options);
      VALUES.forEach((value, i) => {
        histogram.observe(value, labels[i]!);
      });
    });
    const theirs = await scraped(() => {
      const histogram = new prometheus.Histogram({ ...options, buckets: [...BUCKETS] });
      VALUES.forEach((value, i) => {
        histogram.observe(labels[i]!, value);
      });
    });
    expect(ours).toBe(theirs);
    expect(ours).toContain('seconds_bucket{le="+Inf",method="GET",route="/a\\"b"} 2');
  });

  it('without labels is there before its first observation', async () => {
    const options = { name: 'rows', help: 'Rows', buckets: BUCKETS };
    const ours = await scraped(() => new Histogram(options));
    expect(ours).toBe(await scraped(() => new prometheus.Histogram(options)));
    expect(ours).toContain('rows_count 0');
    const observed = await scraped(() => {
      new Histogram(options).observe(3, {});
    });
    expect(observed).toContain('rows_bucket{le="1"} 0\nrows_bucket{le="10"} 1\nrows_bucket{le="+Inf"} 1\nrows_sum 3');
  });

  it.each([NaN, Infinity])('refuses %d', (value) => {
    const histogram = new Histogram({ name: 'rows', help: 'Rows', buckets: BUCKETS });
    expect(() => {
      histogram.observe(value, {});
    }).toThrow(/finite/);
  });
});
