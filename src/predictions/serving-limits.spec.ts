import { Counter, Registry } from 'prom-client';
import { loadConfig } from '../config/config.js';
import { ServingLimits } from './serving-limits.js';

describe('what a process takes on', () => {
  const limitsWith = (settings: NodeJS.ProcessEnv) => {
    const counter = new Counter({ name: 'limited', help: 'x', labelNames: ['limit'], registers: [new Registry()] });
    return { counter, limits: new ServingLimits(loadConfig(settings), counter) };
  };
  const nothing = () => Promise.resolve('done');

  it('is as many requests a second of one caller as the limit says; others have their own', async () => {
    const { limits, counter } = limitsWith({ PREDICTION_RATE_LIMIT: '2' });
    for (let i = 0; i < 2; i++) expect(await limits.admit('a', nothing)).toBe('done');
    await expect(limits.admit('a', nothing)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterSeconds: 1 },
    });
    expect(await limits.admit('b', nothing)).toBe('done');
    expect((await counter.get()).values).toEqual([{ labels: { limit: 'rate' }, value: 1 }]);
  });

  it('is as many requests at once as the limit says, whether they succeed or fail', async () => {
    const { limits, counter } = limitsWith({ PREDICTION_CONCURRENCY: '2' });
    const ends: (() => void)[] = [];
    const failing = () =>
      new Promise<never>((_, reject) =>
        ends.push(() => {
          reject(new Error('wrong'));
        }),
      );
    const running = [limits.admit('a', failing), limits.admit('b', failing)];
    await expect(limits.admit('c', nothing)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    for (const end of ends) end();
    expect((await Promise.allSettled(running)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await limits.admit('c', nothing)).toBe('done');
    expect((await counter.get()).values).toEqual([{ labels: { limit: 'concurrency' }, value: 1 }]);
  });

  it('has no limit of its own on the rate', async () => {
    const { limits } = limitsWith({});
    for (let i = 0; i < 5_000; i++) await limits.admit('a', nothing);
  });
});
