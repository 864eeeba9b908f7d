import { jest } from '@jest/globals';
import { VerifiedTokens } from './verified-tokens.js';

const claimsUntil = (exp: number) => ({ sub: 'user', sid: 'session', iat: exp - 900, exp });

describe('VerifiedTokens', () => {
  let tokens: VerifiedTokens;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    tokens = new VerifiedTokens();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('knows a token until it expires', () => {
    tokens.remember('t', claimsUntil(1_100));
    jest.advanceTimersByTime(99_999);
    expect(tokens.find('t')).toEqual(claimsUntil(1_100));
    expect(tokens.find('another')).toBeUndefined();
    jest.advanceTimersByTime(1);
    expect(tokens.find('t')).toBeUndefined();
  });

  it('forgets the oldest of more than ten thousand', () => {
    for (let i = 0; i <= 10_000; i++) tokens.remember(`t${i}`, claimsUntil(1_100));
    expect(tokens.find('t0')).toBeUndefined();
    expect(tokens.find('t1')).toBeDefined();
    expect(tokens.find('t10000')).toBeDefined();
  });
});
