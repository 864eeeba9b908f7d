import { TokenBucket } from './token-bucket.js';

describe('a token bucket', () => {
  it('lets its rate through, and not one more', () => {
    const bucket = new TokenBucket(5, 0);
    expect(Array.from({ length: 5 }, () => bucket.take(0))).toEqual([0, 0, 0, 0, 0]);
    expect(bucket.take(0)).toBe(200);
  });

  it('earns as time passes, but never more than a second', () => {
    const bucket = new TokenBucket(5, 0);
    for (let i = 0; i < 5; i++) bucket.take(0);
    expect(bucket.take(199)).toBeCloseTo(1, 6);
    expect(bucket.take(200)).toBe(0);
    expect(Array.from({ length: 6 }, () => bucket.take(60_000) === 0)).toEqual([true, true, true, true, true, false]);
  });

  it('of less than one a second lets single requests through', () => {
    const bucket = new TokenBucket(0.5, 0);
    expect(bucket.take(0)).toBe(0);
    expect(bucket.take(0)).toBe(2_000);
    expect(bucket.take(2_000)).toBe(0);
  });
});
