import { setImmediate } from 'node:timers/promises';
import { Turns } from './turns.js';

describe('Turns', () => {
  it('lets one piece run in each turn of the event loop, in the order in which they were asked for', async () => {
    const turns = new Turns();
    const ran: string[] = [];
    const piece = async (name: string, pieces: number): Promise<void> => {
      for (let i = 0; i < pieces; i++) {
        await turns.next();
        ran.push(name);
      }
    };
    const work = Promise.all([piece('a', 2), piece('b', 1), piece('c', 1)]);
    const seen: string[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await setImmediate();
      seen.push(ran.join(''));
    }
    await work;
    expect(seen).toEqual(['a', 'ab', 'abc', 'abca', 'abca']);
  });

  it('begins anew after a pause', async () => {
    const turns = new Turns();
    await turns.next();
    await setImmediate();
    await expect(turns.next()).resolves.toBeUndefined();
  });
});
