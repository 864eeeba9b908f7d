import { assumptionsOf, type EstimateEvidence, refusalOf } from './estimate-conditions.js';

const CBPE: EstimateEvidence = {
  predictions: 500,
  holdoutRows: 300,
  outside: { name: 'wind', share: 0.012 },
  method: { name: 'CBPE', ece: 0.021 },
};

describe('an estimate without outcomes', () => {
  it.each<[string, Partial<EstimateEvidence>, RegExp]>([
    ['too few predictions', { predictions: 49 }, /^There are 49 predictions; an estimate takes 50/],
    ['a small holdout', { holdoutRows: 99 }, /holdout has 99 rows/],
    [
      'probabilities that are not calibrated',
      { method: { name: 'CBPE', ece: 0.0501 } },
      /holdout is 0\.050, more than/,
    ],
    ['a calibration that is unknown', { method: { name: 'CBPE', ece: null } }, /holdout is unknown/],
    ['an old artifact', { method: { name: 'ERROR_MODEL', known: false } }, /train a version anew/],
    [
      'rows outside of the training',
      { outside: { name: 'wind', share: 0.31 } },
      /^In 31\.0 % of the predictions, wind/,
    ],
  ])('is refused for %s', (_, evidence, reason) => {
    expect(refusalOf({ ...CBPE, ...evidence })).toMatch(reason);
  });

  it('is given otherwise, with its assumptions', () => {
    expect(refusalOf(CBPE)).toBeNull();
    expect(refusalOf({ ...CBPE, outside: undefined, method: { name: 'ERROR_MODEL', known: true } })).toBeNull();
    expect(assumptionsOf(CBPE)).toEqual([
      'Probabilities are as right here as on the 300 rows of the holdout, where they were off by 0.021 (expected calibration error).',
      'Hardly any rows lie outside of what the training saw, at most in 1.2 % (wind) here.',
      expect.stringContaining('only outcomes can show it'),
    ]);
    const errors = assumptionsOf({ ...CBPE, outside: undefined, method: { name: 'ERROR_MODEL', known: true } });
    expect(errors[0]).toContain('Errors of predictions of a size');
    expect(errors[1]).toBe('Hardly any rows lie outside of what the training saw.');
  });
});
