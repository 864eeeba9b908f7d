import fc from 'fast-check';
import { Random } from '../../statistics/random.js';
import { TRAINERS } from '../trainer.js';
import { type Configuration, configurations, draw } from './configurations.js';
import { type Domain, resolveSpace, type SearchSpace } from './space.js';
import { resolveHyperparameters } from '../hyperparameters.js';

function take(count: number, space: SearchSpace, seed = 42): Configuration[] {
  return configurations(space, seed, count);
}

describe('configurations', () => {
  const space = resolveSpace(['LOGISTIC_REGRESSION', 'RANDOM_FOREST', 'GRADIENT_BOOSTING'], []);

  it('are the same for the same seed, also where more of them are taken, and others for another seed', () => {
    const few = take(7, space);
    expect(take(30, space).slice(0, 7)).toEqual(few);
    expect(take(7, space, 43).slice(3)).not.toEqual(few.slice(3));
  });

  it('begin with the defaults of each algorithm, in turn', () => {
    const [logistic, forest, boosting, next] = take(4, space);
    expect(logistic).toEqual({ algorithm: 'LOGISTIC_REGRESSION', hyperparameters: { C: 1 } });
    // The share of columns is left to the forest, as it is without a search.
    expect(forest).toEqual({ algorithm: 'RANDOM_FOREST', hyperparameters: { maxDepth: 14, minLeaf: 5 } });
    expect(boosting!.hyperparameters).toEqual({ learningRate: 0.1, maxLeaves: 31, minLeaf: 20, l2: 1 });
    expect(next!.algorithm).toBe('LOGISTIC_REGRESSION');
  });

  it('never repeat, and end when the space is exhausted', () => {
    const small: SearchSpace = {
      LINEAR_REGRESSION: [],
      RANDOM_FOREST: [{ hyperparameter: 'trees', values: [1, 2, 3, 4] }],
    };
    const all = take(500, small);
    expect(all.filter(({ algorithm }) => algorithm === 'LINEAR_REGRESSION')).toHaveLength(1);
    const trees = all.flatMap(({ hyperparameters }) => hyperparameters['trees'] ?? []);
    expect(trees.sort()).toEqual([1, 2, 3, 4]);
  });

  it('are accepted by the trainers, whatever the seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        for (const { algorithm, hyperparameters } of take(12, space, seed)) {
          resolveHyperparameters(TRAINERS[algorithm].hyperparameters, hyperparameters);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('draw', () => {
  const range = fc
    .record({
      min: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      width: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      scale: fc.constantFrom('LINEAR' as const, 'LOG' as const),
      type: fc.constantFrom('INTEGER' as const, 'NUMBER' as const),
    })
    .map(({ min, width, scale, type }): Domain => {
      const whole = (value: number): number => (type === 'INTEGER' ? Math.ceil(value) : value);
      return { hyperparameter: 'x', type, scale, min: whole(min), max: whole(min) + whole(width) };
    });

  it('stays within its range and gives whole numbers where they are due', () => {
    fc.assert(
      fc.property(range, fc.nat(), (domain, seed) => {
        if ('values' in domain) return;
        const value = draw(domain, new Random(seed));
        expect(value).toBeGreaterThanOrEqual(domain.min);
        expect(value).toBeLessThanOrEqual(domain.max);
        if (domain.type === 'INTEGER') expect(Number.isInteger(value)).toBe(true);
      }),
    );
  });

  const many = (domain: Domain): number[] => {
    const random = new Random(1);
    return Array.from({ length: 20_000 }, () => draw(domain, random));
  };
  const shareBelow = (values: readonly number[], bound: number): number =>
    values.filter((value) => value < bound).length / values.length;

  it('is even on a linear scale, and in its logarithm on the other', () => {
    const of = { hyperparameter: 'x', type: 'NUMBER', min: 0.01, max: 100 } as const;
    expect(shareBelow(many({ ...of, scale: 'LINEAR' }), 50)).toBeCloseTo(0.5, 1);
    for (const [bound, share] of [
      [0.1, 0.25],
      [1, 0.5],
      [10, 0.75],
    ] as const) {
      expect(Math.abs(shareBelow(many({ ...of, scale: 'LOG' }), bound) - share)).toBeLessThan(0.02);
    }
  });

  it('gives each whole number its share, the last one too', () => {
    const values = many({ hyperparameter: 'x', type: 'INTEGER', min: 3, max: 7, scale: 'LINEAR' });
    for (const number of [3, 4, 5, 6, 7]) {
      expect(Math.abs(values.filter((value) => value === number).length / values.length - 0.2)).toBeLessThan(0.02);
    }
    expect(new Set(many({ hyperparameter: 'x', type: 'INTEGER', min: 1, max: 4, scale: 'LOG' }))).toEqual(
      new Set([1, 2, 3, 4]),
    );
  });
});
