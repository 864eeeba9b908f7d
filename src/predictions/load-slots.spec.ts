import { setImmediate } from 'node:timers/promises';
import { LoadSlots } from './load-slots.js';

describe('LoadSlots', () => {
  it('runs no more at once than there are slots, and in the end everything', async () => {
    const slots = new LoadSlots(2);
    let running = 0;
    let most = 0;
    const work = async (i: number): Promise<number> => {
      most = Math.max(most, ++running);
      await setImmediate();
      running--;
      if (i % 3 === 0) throw new Error(String(i));
      return i;
    };
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => slots.run(() => work(i))));
    expect(most).toBe(2);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    expect(await slots.run(() => work(1))).toBe(1);
  });
});
