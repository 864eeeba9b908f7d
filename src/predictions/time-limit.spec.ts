import { setTimeout as delay } from 'node:timers/promises';
import type { ServableVersion } from '../models/model-registry.js';
import { TimeLimit } from './time-limit.js';

describe('the time limit of a model', () => {
  const limitOf = (own: number | null, byDefault: number): TimeLimit => {
    const version: Partial<ServableVersion> = {
      version: 3,
      modelName: 'weather',
      serving: { predictionTimeoutSeconds: own, predictionLogMode: null },
    };
    return new TimeLimit(version as ServableVersion, performance.now(), byDefault);
  };

  it('lets through what is there in time', async () => {
    const limit = limitOf(null, 10);
    limit.check();
    expect(await limit.race(Promise.resolve('answer'))).toBe('answer');
    await expect(limit.race(Promise.reject(new Error('wrong')))).rejects.toThrow('wrong');
  });

  it('is its own, else that of the installation', async () => {
    await expect(limitOf(0.01, 10).race(delay(5_000, undefined, { ref: false }))).rejects.toMatchObject({
      code: 'TIMED_OUT',
      details: { limit: 'timeout', timeoutSeconds: 0.01 },
    });
    await expect(limitOf(null, 0.02).race(delay(5_000, undefined, { ref: false }))).rejects.toMatchObject({
      details: { timeoutSeconds: 0.02 },
    });
  });

  it('holds for computing that lets no timer in between, and ends loops that look at it', async () => {
    const limit = limitOf(0.005, 10);
    const busy = async (): Promise<void> => {
      await Promise.resolve();
      for (const end = performance.now() + 20; performance.now() < end;);
    };
    await expect(limit.race(busy())).rejects.toMatchObject({ code: 'TIMED_OUT' });
    expect(limit.check).toThrow(/Version 3 of weather has no answer .* after 0.005 s/);
  });
});
