import { goOnBehind, knownTrials, type SearchOrder } from './search-order.js';
import type { TrialLine } from './trial-line.js';

const ORDER: SearchOrder = {
  spec: { task: 'REGRESSION', target: 'y', features: ['x'], dataset: { versionId: 'v', contentHash: 'c' } },
  search: { seed: 1, metric: 'rmse', space: {}, trials: 9, seconds: 100, records: [] },
};
const at = (number: number, rung = 0) => ({ number, rung, rows: 500 });
const started = (number: number, rung = 0): TrialLine => {
  return { event: 'STARTED', ...at(number, rung), algorithm: 'RANDOM_FOREST', hyperparameters: { trees: number } };
};
const scored = (number: number, rung = 0): TrialLine => {
  return { event: 'SCORED', ...at(number, rung), seconds: 10, score: number, loss: number, scores: {} };
};
const failed = (number: number): TrialLine => ({ event: 'FAILED', ...at(number), seconds: 5, failure: 'no' });

describe('a search behind the lines of an earlier machine', () => {
  const lines = [started(1), scored(1), started(2), failed(2), started(1, 1), scored(1, 1), started(3)];
  const { search, spec } = goOnBehind(ORDER, lines);

  it('knows its trials, and has what time they left', () => {
    expect(spec).toBe(ORDER.spec);
    expect(search.seconds).toBe(75);
    expect(knownTrials(search)).toEqual([
      { number: 1, algorithm: 'RANDOM_FOREST', hyperparameters: { trees: 1 }, failed: false, losses: losses(0, 1) },
      { number: 2, algorithm: 'RANDOM_FOREST', hyperparameters: { trees: 2 }, failed: true, losses: losses() },
      { number: 3, algorithm: 'RANDOM_FOREST', hyperparameters: { trees: 3 }, failed: false, losses: losses() },
    ]);
  });

  it('counts nothing twice that the order knows already', () => {
    expect(goOnBehind({ spec, search }, lines)).toEqual({ spec, search });
  });

  it('has no time left once that is spent, and none to spend where there is no limit', () => {
    const short = { ...ORDER, search: { ...ORDER.search, seconds: 20 } };
    expect(goOnBehind(short, lines).search.seconds).toBe(0);
    const endless = { ...ORDER, search: { ...ORDER.search, seconds: null } };
    expect(goOnBehind(endless, lines).search.seconds).toBeNull();
  });
});

function losses(...rungs: readonly number[]): Map<number, number> {
  return new Map(rungs.map((rung) => [rung, 1]));
}
