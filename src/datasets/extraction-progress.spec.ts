import { describeProgress } from './extraction-progress.js';

describe('describeProgress', () => {
  it.each([
    [{ phase: 'READING', bytes: 0 }, 0, 'reading: 0 B'],
    [
      { phase: 'READING', bytes: 12_345_678, totalBytes: 40_000_000, fraction: 0.3 },
      0.12,
      'reading: 12.3 MB of 40.0 MB',
    ],
    [{ phase: 'READING', bytes: 999, totalBytes: 123_456, fraction: 0 }, 0, 'reading: 999 B of 123 kB'],
    [
      { phase: 'READING', bytes: 999, totalBytes: 3000, objects: { done: 3, total: 12 } },
      0,
      'reading: 999 B of 3.0 kB, 3 of 12 objects',
    ],
    [{ phase: 'CONVERTING', bytes: 5, fraction: 1 }, 0.75, 'converting'],
    [{ phase: 'PROFILING', bytes: 5, fraction: 2 }, 0.95, 'profiling'],
  ] as const)('%j', (progress, share, message) => {
    const described = describeProgress(progress);
    expect(described.progress).toBeCloseTo(share, 10);
    expect(described.message).toBe(message);
  });
});
