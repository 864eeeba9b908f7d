import { HyperparameterError } from './errors.js';
import { resolveHyperparameters, type HyperparameterSpec } from './hyperparameters.js';

const SPECS: HyperparameterSpec[] = [
  { name: 'trees', type: 'INTEGER', min: 1, max: 10, default: 5, description: '' },
  { name: 'share', type: 'NUMBER', min: 0, max: 1, default: null, description: '' },
];

const problemOf = (given: Record<string, unknown>): string => {
  try {
    resolveHyperparameters(SPECS, given);
  } catch (error) {
    if (error instanceof HyperparameterError) return `${error.hyperparameter}: ${error.reason}`;
    throw error;
  }
  return 'accepted';
};

describe('resolveHyperparameters', () => {
  it('fills in defaults and takes numbers also as text', () => {
    expect(resolveHyperparameters(SPECS)).toEqual({ trees: 5, share: null });
    expect(resolveHyperparameters(SPECS, { trees: '7', share: 0.5 })).toEqual({ trees: 7, share: 0.5 });
    expect(resolveHyperparameters(SPECS, { trees: null })).toEqual({ trees: 5, share: null });
  });

  it.each([
    [{ tree: 1 }, 'tree: UNKNOWN'],
    [{ trees: 0 }, 'trees: OUT_OF_RANGE'],
    [{ trees: 11 }, 'trees: OUT_OF_RANGE'],
    [{ trees: 2.5 }, 'trees: WRONG_TYPE'],
    [{ trees: 'many' }, 'trees: WRONG_TYPE'],
    [{ trees: '' }, 'trees: WRONG_TYPE'],
    [{ trees: true }, 'trees: WRONG_TYPE'],
    [{ share: NaN }, 'share: WRONG_TYPE'],
    [{ share: Infinity }, 'share: OUT_OF_RANGE'],
    [{ share: [0.5] }, 'share: WRONG_TYPE'],
  ])('refuses %j', (given, problem) => {
    expect(problemOf(given)).toBe(problem);
  });

  it('names what can be chosen', () => {
    expect(() => resolveHyperparameters(SPECS, { depth: 3 })).toThrow('choose among trees, share');
  });
});
