import fc from 'fast-check';
import { nextTask, rungsOf, type Task, tasksOf, type TrialRecord } from './halving.js';

interface Run {
  readonly tasks: Task[];
  readonly records: Map<number, TrialRecord & { losses: Map<number, number> }>;
}

/** Does what is asked until nothing is left. @param lossOf undefined for a trial that fails. */
function play(trials: number, rungs: number, lossOf: (task: Task) => number | undefined, stopAfter = Infinity): Run {
  const records: Run['records'] = new Map();
  const tasks: Task[] = [];
  while (tasks.length < stopAfter) {
    const task = nextTask([...records.values()], trials, rungs);
    if (!task) break;
    tasks.push(task);
    const { number, rung } = task;
    const losses = records.get(number)?.losses ?? new Map<number, number>();
    const loss = lossOf(task);
    if (loss !== undefined) losses.set(rung, loss);
    records.set(number, { number, failed: loss === undefined, losses });
  }
  return { tasks, records };
}

const countByRung = (tasks: readonly Task[]): number[] => {
  const counts: number[] = [];
  for (const { rung } of tasks) counts[rung] = (counts[rung] ?? 0) + 1;
  return counts;
};

describe('rungsOf', () => {
  it('has a third of the rows at each step down, as long as they say something', () => {
    expect(rungsOf(27_000)).toEqual([1000, 3000, 9000, 27_000]);
    expect(rungsOf(1_000_000)).toEqual([37_037, 111_111, 333_333, 1_000_000]);
    expect(rungsOf(1500)).toEqual([500, 1500]);
    expect(rungsOf(1499)).toEqual([1499]);
  });
});

describe('successive halving', () => {
  it('lets a third of the trials go on, the best ones', () => {
    const { tasks } = play(27, 4, ({ number }) => number);
    expect(countByRung(tasks)).toEqual([27, 9, 3, 1]);
    expect(tasks.filter(({ rung }) => rung === 1).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(tasks.at(-1)).toEqual({ number: 1, rung: 3 });
  });

  it('ranks each rung by what was seen on it', () => {
    const { tasks } = play(9, 3, ({ number, rung }) => (rung === 0 ? number : -number));
    expect(tasks.slice(9)).toEqual([
      { number: 1, rung: 1 },
      { number: 2, rung: 1 },
      { number: 3, rung: 1 },
      { number: 3, rung: 2 },
    ]);
  });

  it.each([
    [1, 4, [[3, 1]]],
    [2, 4, [[3, 2]]],
    [10, 4, [[1, 10], [2, 3], [3, 1]]], // prettier-ignore
    [5, 1, [[0, 5]]],
    [30, 2, [[0, 30], [1, 10]]], // prettier-ignore
  ])('of %d trials on %d rungs begins so high that one reaches the top', (trials, rungs, expected) => {
    const { tasks } = play(trials, rungs, ({ number }) => number);
    expect(Object.entries(countByRung(tasks)).map(([rung, count]) => [Number(rung), count])).toEqual(expected);
  });

  it('runs brackets one after the other, so that something is finished early', () => {
    const { tasks } = play(54, 4, ({ number }) => number);
    expect(tasks.slice(0, 40).every(({ number }) => number <= 27)).toBe(true);
    expect(tasks[39]).toEqual({ number: 1, rung: 3 });
    expect(tasks[40]).toEqual({ number: 28, rung: 0 });
  });

  it('goes on without trials that fail, and without a bracket of which all fail', () => {
    const { tasks } = play(9, 3, ({ number }) => (number <= 8 ? undefined : 1));
    expect(tasks.filter(({ rung }) => rung > 0)).toEqual([
      { number: 9, rung: 1 },
      { number: 9, rung: 2 },
    ]);
    expect(play(9, 3, () => undefined).tasks).toHaveLength(9);
  });

  const losses = fc.array(fc.option(fc.double({ noNaN: true }), { nil: undefined, freq: 5 }), {
    minLength: 1,
    maxLength: 60,
  });
  const lossFrom =
    (given: readonly (number | undefined)[]) =>
    ({ number, rung }: Task): number | undefined =>
      given[(number * 7 + rung * 13) % given.length];

  it('asks for nothing twice, ends, and does no more than planned', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 4 }), losses, (trials, rungs, given) => {
        const { tasks } = play(trials, rungs, lossFrom(given), 1000);
        expect(new Set(tasks.map(({ number, rung }) => `${number}/${rung}`)).size).toBe(tasks.length);
        expect(tasks.length).toBeLessThanOrEqual(tasksOf(trials, rungs));
        expect(play(trials, rungs, ({ number }) => number).tasks).toHaveLength(tasksOf(trials, rungs));
      }),
    );
  });

  it('goes on after an interruption as if there had been none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat({ max: 90 }), losses, (trials, stop, given) => {
        const whole = play(trials, 4, lossFrom(given)).tasks;
        const { records } = play(trials, 4, lossFrom(given), stop);
        expect(nextTask([...records.values()].reverse(), trials, 4)).toEqual(whole[stop]);
      }),
    );
  });
});
