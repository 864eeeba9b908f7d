import { readFileSync } from 'node:fs';
import { Random } from '../../statistics/random.js';
import { calibrated, settledRows } from './calibrator.js';
import { chooseCalibration } from './choose.js';
import { fitIsotonic, stepAt } from './isotonic.js';
import { fitSigmoid } from './platt.js';

interface Golden {
  name: string;
  scores: number[];
  outcomes: number[];
  isotonic: number[];
  sigmoid: { slope: number; intercept: number };
}

const goldenFile = new URL('../../../../test/fixtures/calibration/scikit-learn.json', import.meta.url);
const golden = (JSON.parse(readFileSync(goldenFile, 'utf8')) as { cases: Golden[] }).cases;

describe('calibration equal to scikit-learn', () => {
  it.each(golden)('isotonic, $name', ({ scores, outcomes, isotonic }) => {
    const steps = fitIsotonic(Float32Array.from(scores), Uint8Array.from(outcomes));
    const least = 1 / (scores.length + 2);
    scores.forEach((score, row) => {
      expect(stepAt(steps, score)).toBeCloseTo(Math.min(Math.max(isotonic[row]!, least), 1 - least), 9);
    });
    expect([...steps.values].sort((a, b) => a - b)).toEqual(steps.values);
    expect(steps.thresholds).toHaveLength(steps.values.length - 1);
  });

  it.each(golden)('Platt, $name', ({ scores, outcomes, sigmoid }) => {
    const fitted = fitSigmoid(Float32Array.from(scores), Uint8Array.from(outcomes));
    // scikit-learn stops at a coarser tolerance.
    expect(Math.abs(fitted.slope / sigmoid.slope - 1)).toBeLessThan(2e-3);
    expect(Math.abs(fitted.intercept / sigmoid.intercept - 1)).toBeLessThan(2e-3);
  });
});

describe('chooseCalibration', () => {
  /** Rows of two classes whose true probability is `truth` of what a model says. */
  function rows(n: number, truth: (said: number) => number, seed = 1): [Int32Array, Float32Array] {
    const random = new Random(seed);
    const said = Float32Array.from({ length: n }, () => random.uniform());
    const codes = Int32Array.from(said, (p) => (random.uniform() < truth(p) ? 1 : 0));
    return [codes, Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? said[i >> 1]! : 1 - said[i >> 1]!))];
  }

  const methodOf = (n: number, truth: (said: number) => number): string =>
    chooseCalibration(...rows(n, truth), 2, 7).calibrator?.method ?? 'NONE';

  it('leaves probabilities that come true as they are', () => {
    for (const n of [300, 3000]) expect(methodOf(n, (p) => p)).toBe('NONE');
  });

  it('takes a sigmoid where that is the shape, and steps where it is none', () => {
    expect(methodOf(1000, (p) => 1 / (1 + Math.exp(-(1.5 * p - 2))))).toBe('PLATT');
    expect(methodOf(3000, (p) => (p < 0.3 ? 0.05 : p < 0.6 ? 0.9 : 0.95))).toBe('ISOTONIC');
  });

  it('lowers the log loss on rows that it has never seen, by what it promised', () => {
    const truth = (p: number): number => 0.35 + 0.3 * p;
    const { calibrator, logLoss, probabilities } = chooseCalibration(...rows(2000, truth), 2, 7);
    expect(probabilities).toHaveLength(4000);
    const [codes, said] = rows(20_000, truth, 2);
    const lossOf = (p: Float32Array): number =>
      codes.reduce((sum, code, row) => sum - Math.log(p[2 * row + code]!), 0) / codes.length;
    const after = lossOf(calibrated(calibrator!, said, 2));
    expect(after).toBeLessThan(lossOf(said) - 0.1);
    expect(Math.abs(after - logLoss[calibrator!.method]!)).toBeLessThan(0.01);
  });

  it('does not try with too few rows, or too few of a class', () => {
    expect(chooseCalibration(...rows(150, () => 0.5), 2, 7)).toMatchObject({ logLoss: {} });
    const [codes, said] = rows(1000, () => 0.01);
    const { calibrator, logLoss, probabilities } = chooseCalibration(codes, said, 2, 7);
    expect({ calibrator, logLoss }).toEqual({ calibrator: undefined, logLoss: {} });
    expect(probabilities).toBe(said);
  });
});

describe('settledRows', () => {
  it('are those away from a step', () => {
    const maps = [{ thresholds: [0.5], values: [0.1, 0.9] }];
    const said = Float32Array.of(0.7, 0.3, 0.4999999, 0.5000001, 0.4, 0.6);
    expect([...settledRows({ method: 'ISOTONIC', maps }, said, 2)]).toEqual([0, 2]);
    const sigmoid = [{ slope: 1, intercept: 0 }];
    expect([...settledRows({ method: 'PLATT', maps: sigmoid }, said, 2)]).toEqual([0, 1, 2]);
  });
});
