import { HyperparameterError } from '../errors.js';
import { type Algorithm, TRAINERS } from '../trainer.js';
import { type GivenDomain, resolveSpace } from './space.js';

const TREES: readonly Algorithm[] = ['RANDOM_FOREST', 'GRADIENT_BOOSTING'];

function refusal(given: readonly GivenDomain[], algorithms = TREES): string {
  try {
    resolveSpace(algorithms, given);
  } catch (error) {
    if (error instanceof HyperparameterError) return `${error.hyperparameter}, ${error.reason}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('resolveSpace', () => {
  it('has a range within the limits, and the default in it, wherever a trainer names one', () => {
    for (const { hyperparameters } of Object.values(TRAINERS)) {
      for (const { search, min, max, default: fallback, type } of hyperparameters) {
        if (!search) continue;
        expect(search.min).toBeGreaterThanOrEqual(min);
        expect(search.max).toBeLessThanOrEqual(max);
        expect(search.min).toBeLessThan(search.max);
        if (search.scale === 'LOG') expect(search.min).toBeGreaterThan(0);
        if (type === 'INTEGER') expect([search.min, search.max].every(Number.isInteger)).toBe(true);
        if (fallback !== null) expect(fallback >= search.min && fallback <= search.max).toBe(true);
      }
    }
  });

  it('takes the ranges of the specs for what is not given', () => {
    expect(resolveSpace(['LOGISTIC_REGRESSION'], [])).toEqual({
      LOGISTIC_REGRESSION: [{ hyperparameter: 'C', type: 'NUMBER', min: 1e-3, max: 1e3, scale: 'LOG', start: 1 }],
    });
    expect(resolveSpace(['LINEAR_REGRESSION'], [])).toEqual({ LINEAR_REGRESSION: [] });
  });

  it('gives a range to every algorithm that knows the name, or to the one it is for', () => {
    const space = resolveSpace(TREES, [
      { hyperparameter: 'maxDepth', min: 2, max: 5 },
      { hyperparameter: 'maxDepth', algorithm: 'RANDOM_FOREST', values: [14, 20, 14] },
      { hyperparameter: 'trees', values: [50] },
    ]);
    expect(space.RANDOM_FOREST).toContainEqual({ hyperparameter: 'maxDepth', values: [14, 20], start: 14 });
    expect(space.RANDOM_FOREST).toContainEqual({ hyperparameter: 'trees', values: [50] });
    // Its default of 16 is not in the range, so the first configuration draws it, too.
    expect(space.GRADIENT_BOOSTING).toContainEqual({
      hyperparameter: 'maxDepth',
      type: 'INTEGER',
      min: 2,
      max: 5,
      scale: 'LINEAR',
    });
    expect(space.GRADIENT_BOOSTING!.map(({ hyperparameter }) => hyperparameter)).not.toContain('trees');
  });

  it.each<[GivenDomain, RegExp]>([
    [{ hyperparameter: 'depth', min: 1, max: 2 }, /^depth, UNKNOWN: .*Choose among trees, maxDepth/],
    [
      { hyperparameter: 'trees', algorithm: 'GRADIENT_BOOSTING', values: [1] },
      /^trees, UNKNOWN: GRADIENT_BOOSTING: there/,
    ],
    [{ hyperparameter: 'C', algorithm: 'LOGISTIC_REGRESSION', values: [1] }, /^C, UNKNOWN: .*does not try/],
    [
      { hyperparameter: 'trees', min: 0, max: 10 },
      /^trees, OUT_OF_RANGE: RANDOM_FOREST: "trees" must lie between 1 and/,
    ],
    [{ hyperparameter: 'trees', values: [10, 2001] }, /OUT_OF_RANGE: .*2001 does not/],
    [{ hyperparameter: 'trees', min: 1.5, max: 10 }, /^trees, WRONG_TYPE: "trees" takes whole numbers; 1.5 is none/],
    [{ hyperparameter: 'l2', min: 0, max: 1, scale: 'LOG' }, /^l2, BAD_DOMAIN: .*LOG from 0/],
    [{ hyperparameter: 'l2', min: 2, max: 1 }, /BAD_DOMAIN: .*min of 2, which must be below its max of 1/],
    [{ hyperparameter: 'l2', min: 1, max: NaN }, /BAD_DOMAIN/],
    [{ hyperparameter: 'l2', min: 1 }, /BAD_DOMAIN: "l2" needs `min` and `max`, or `values`/],
    [{ hyperparameter: 'l2', values: [] }, /BAD_DOMAIN: "l2" has no values/],
    [{ hyperparameter: 'l2', values: [NaN] }, /OUT_OF_RANGE/],
    [{ hyperparameter: 'l2', values: [1], max: 2 }, /BAD_DOMAIN: "l2" has both/],
  ])('refuses %j', (given, message) => {
    expect(refusal([given])).toMatch(message);
  });

  it('refuses the same name twice', () => {
    const twice = { hyperparameter: 'trees', values: [1] };
    expect(refusal([twice, twice])).toMatch(/^trees, BAD_DOMAIN: "trees" is given 2 times/);
  });
});
