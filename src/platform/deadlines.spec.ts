import { setTimeout as delay } from 'node:timers/promises';
import { Deadlines } from './deadlines.js';

describe('Deadlines', () => {
  const began = performance.now();
  const inMs = (milliseconds: number): number => performance.now() + milliseconds;

  it('are missed in their time, whatever the order in which they were set', async () => {
    const deadlines = new Deadlines();
    const missed: [number, number][] = [];
    const ats = [60, 20, 5, 40, 20].map(inMs);
    for (const at of ats) deadlines.set(at, () => missed.push([at, performance.now()]));
    await delay(100);
    expect(missed.map(([at]) => at).toSorted((a, b) => a - b)).toEqual(ats.toSorted((a, b) => a - b));
    for (const [at, now] of missed) expect(now).toBeGreaterThanOrEqual(at);
  });

  it('are not missed once they are cleared', async () => {
    const deadlines = new Deadlines();
    const missed: string[] = [];
    const first = deadlines.set(inMs(5), () => missed.push('first'));
    deadlines.set(inMs(15), () => missed.push('second'));
    const third = deadlines.set(inMs(20), () => missed.push('third'));
    deadlines.clear(first);
    deadlines.clear(third);
    await delay(60);
    expect(missed).toEqual(['second']);
  });

  it('may be set and cleared while others are missed', async () => {
    const deadlines = new Deadlines();
    const missed: string[] = [];
    await new Promise<void>((resolve) => {
      deadlines.set(inMs(5), () => {
        missed.push('first');
        deadlines.clear(sameTime);
        deadlines.set(inMs(30), resolve);
      });
      const sameTime = deadlines.set(inMs(5), () => missed.push('never'));
      deadlines.set(inMs(10), () => missed.push('second'));
    });
    expect(missed).toEqual(['first', 'second']);
  });

  it('of the past are missed with the next turns, not at once', async () => {
    const deadlines = new Deadlines();
    let isMissed = false;
    deadlines.set(began - 1, () => (isMissed = true));
    expect(isMissed).toBe(false);
    await delay(20);
    expect(isMissed).toBe(true);
  });

  it('begin anew after all have passed', async () => {
    const deadlines = new Deadlines();
    for (let round = 0; round < 3; round++) {
      await new Promise<void>((resolve) => deadlines.set(inMs(3), resolve));
    }
  });
});
