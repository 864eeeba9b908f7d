import { clockFinding } from './clock.js';

const NOW = Date.UTC(2026, 0, 1);
const theirs = (seconds: number): Date => new Date(NOW + seconds * 1000);

describe('clockFinding', () => {
  it.each([0, 5, -5])('bears a difference of %s s', (seconds) => {
    expect(clockFinding(theirs(seconds), NOW, NOW)).not.toHaveProperty('fix');
  });

  it.each([
    [-30, 'this machine is 30.0 s ahead of it'],
    [30, 'this machine is 30.0 s behind it'],
  ])('tells one of %s s', (seconds, says) => {
    expect(clockFinding(theirs(seconds), NOW, NOW)).toEqual({ says, fix: expect.stringContaining('NTP') });
  });

  it('gives a slow answer the benefit of the doubt', () => {
    expect(clockFinding(theirs(0), NOW, NOW + 20_000)).not.toHaveProperty('fix');
  });
});
