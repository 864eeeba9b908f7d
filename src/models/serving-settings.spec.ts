import { NO_SERVING_SETTINGS, parseServing } from './serving-settings.js';

describe('how a model serves', () => {
  const own = { predictionTimeoutSeconds: 0.5, predictionLogMode: 'sampled' } as const;

  it('is as it was where nothing is said, and as the installation says where null is', () => {
    expect(parseServing({}, own)).toEqual(own);
    expect(parseServing({ predictionTimeoutSeconds: null, predictionLogMode: null }, own)).toEqual(NO_SERVING_SETTINGS);
    expect(parseServing({ predictionLogMode: 'async' }, own)).toEqual({ ...own, predictionLogMode: 'async' });
  });

  it.each([0, -1, 600.1, NaN, Infinity])('refuses a time limit of %p s', (predictionTimeoutSeconds) => {
    expect(() => parseServing({ predictionTimeoutSeconds }, own)).toThrow(/above 0 and at most 600/);
  });
});
