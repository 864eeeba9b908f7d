import { jest } from '@jest/globals';
import { KnownCaller, RecentPrincipals, REVOCATION_BOUND_MS } from './recent-principals.js';

const CALLER: KnownCaller = {
  userId: 'u',
  role: 'VIEWER',
  canPromote: false,
  models: null,
  credential: { kind: 'SESSION', id: 's' },
};

describe('RecentPrincipals', () => {
  let recent: RecentPrincipals;
  let loads: number;
  const load = (caller: KnownCaller | null) => (): Promise<KnownCaller | null> => {
    loads++;
    return Promise.resolve(caller);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    recent = new RecentPrincipals();
    loads = 0;
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('loads a caller once within the bound, however many ask at once', async () => {
    const found = await Promise.all([recent.find('k', load(CALLER)), recent.find('k', load(CALLER))]);
    jest.advanceTimersByTime(REVOCATION_BOUND_MS - 1);
    found.push(await recent.find('k', load(null)));
    expect(found).toEqual([CALLER, CALLER, CALLER]);
    expect(loads).toBe(1);
  });

  it('loads anew after the bound, and after forget()', async () => {
    await recent.find('k', load(CALLER));
    jest.advanceTimersByTime(REVOCATION_BOUND_MS);
    expect(await recent.find('k', load(CALLER))).toBe(CALLER);
    recent.forget();
    expect(await recent.find('k', load(null))).toBeNull();
    expect(loads).toBe(3);
  });

  it('keeps neither the absence of a caller nor a failed load', async () => {
    expect(await recent.find('k', load(null))).toBeNull();
    await expect(recent.find('k', () => Promise.reject(new Error('no database')))).rejects.toThrow('no database');
    expect(await recent.find('k', load(CALLER))).toBe(CALLER);
  });

  it('does not keep what a load begun before forget() brings', async () => {
    let finish: (caller: KnownCaller) => void = () => undefined;
    const slow = recent.find('k', () => new Promise((resolve) => (finish = resolve)));
    recent.forget();
    finish(CALLER);
    await slow;
    expect(await recent.find('k', load(null))).toBeNull();
  });
});
