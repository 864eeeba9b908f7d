import { numbersOf, readGolden, type ColumnCase } from '../../../../test/fixtures/drift/columns.js';
import { chiSquare, zTest } from './contingency.js';
import { benjaminiHochberg } from './correction.js';
import { divergencePValue, hellinger, jensenShannon, kl, psi } from './divergences.js';
import { ks } from './kolmogorov-smirnov.js';
import { type CountMethod, DRIFT_METHODS, METHOD_NAMES, type MethodName } from './methods.js';
import { filledShares, sharesOf } from './shares.js';
import { wassersteinNormed } from './wasserstein.js';

interface Golden {
  samples: (ColumnCase & { distance: number; pValue: number; wassersteinNormed: number })[];
  counts: {
    reference: number[];
    current: number[];
    statistic: number;
    pValue: number;
    cramersV: number;
    jensenShannon: number;
    hellinger: number;
    kl?: number;
    psi?: number;
  }[];
  adjustments: { pValues: number[]; adjusted: number[] }[];
}

const golden = readGolden('scipy.json') as Golden;

/** A method of the registry that compares counts. */
function countMethod(name: MethodName): CountMethod {
  const method = DRIFT_METHODS[name];
  if (method.needs !== 'COUNTS') throw new Error(`${name} compares samples`);
  return method;
}

function expectClose(actual: number, expected: number, relative: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.max(Math.abs(expected), 1e-300));
}

describe('two samples, against scipy', () => {
  it.each(golden.samples)('$name', (sample) => {
    const [reference, current] = [numbersOf(sample.reference), numbersOf(sample.current)];
    const { distance, pValue } = ks(reference, current);
    expectClose(distance, sample.distance, 1e-14);
    // Far apart (p = 3e-28), another distribution stands in for the exact one, which would take too long.
    expectClose(pValue, sample.pValue, sample.name.endsWith('far apart') ? 0.1 : 1e-9);
    expectClose(wassersteinNormed(reference, current), sample.wassersteinNormed, 1e-11);
  });

  it('gives both samples of a test the same weight', () => {
    const first = numbersOf(golden.samples[0]!.reference);
    const second = numbersOf(golden.samples[0]!.current);
    expect(ks(second, first)).toEqual(ks(first, second));
  });

  it('has the exact p-value of 500 against 400 rows', () => {
    const reference = Float64Array.from({ length: 500 }, (_, i) => (37 * i) % 101);
    const current = Float64Array.from({ length: 400 }, (_, i) => 1.1 * ((37 * i) % 101) + 3);
    expect(ks(reference, current).distance).toBeCloseTo(0.1175, 12);
    expect(ks(reference, current).pValue).toBeCloseTo(0.00397674, 8);
  });

  it('refuses empty samples and values that are not finite', () => {
    for (const compare of [ks, wassersteinNormed]) {
      expect(() => compare(Float64Array.of(), Float64Array.of(1))).toThrow(RangeError);
      expect(() => compare(Float64Array.of(1), Float64Array.of(1, NaN))).toThrow(RangeError);
      expect(() => compare(Float64Array.of(-Infinity, 2), Float64Array.of(1))).toThrow(RangeError);
    }
  });
});

describe('two count vectors, against scipy', () => {
  it.each(golden.counts)('$reference against $current', (pair) => {
    const { reference, current } = pair;
    const [p, q] = [sharesOf(reference), sharesOf(current)];
    const test = chiSquare(reference, current);
    expectClose(test.statistic, pair.statistic, 1e-12);
    expectClose(test.pValue, pair.pValue, 1e-12);
    expectClose(test.effectSize, pair.cramersV, 1e-6);
    expectClose(jensenShannon(p, q), pair.jensenShannon, 1e-9);
    expectClose(hellinger(p, q), pair.hellinger, 1e-9);
    if (pair.kl !== undefined) expectClose(kl(p, q), pair.kl, 1e-12);
    if (pair.psi !== undefined) expectClose(psi(p, q), pair.psi, 1e-12);
  });

  it('has the known values of a50/b30/c20 against a30/b40/c10', () => {
    const reference = [50, 30, 20];
    const current = [30, 40, 10];
    expect(chiSquare(reference, current).pValue).toBeCloseTo(0.0219945, 7);
    expect(psi(sharesOf(reference), sharesOf(current))).toBeCloseTo(0.173376, 6);
    expect(jensenShannon(sharesOf(reference), sharesOf(current))).toBeCloseTo(0.146558, 6);
  });

  it('tests 20 of 100 against 40 of 100', () => {
    const { pValue, effectSize, statistic } = zTest([80, 20], [60, 40]);
    expect(pValue).toBeCloseTo(0.00202823, 8);
    expect(statistic ** 2).toBeCloseTo(chiSquare([80, 20], [60, 40]).statistic, 10);
    expect(effectSize).toBeCloseTo(2 * (Math.asin(Math.sqrt(0.4)) - Math.asin(Math.sqrt(0.2))), 12);
    expect(zTest([100, 0], [50, 0])).toEqual({ statistic: 0, pValue: 1, effectSize: 0 });
  });

  it('refuses sides without rows, different groups, and a z-test of three values', () => {
    expect(() => chiSquare([0, 0], [1, 2])).toThrow(RangeError);
    expect(() => chiSquare([1, 2], [1, 2, 3])).toThrow(RangeError);
    expect(() => zTest([1, 2, 3], [1, 2, 3])).toThrow(/chi_square/);
    expect(() => psi(sharesOf([1, 2]), sharesOf([1]))).toThrow(RangeError);
  });
});

describe('divergences', () => {
  it('fill a group with half a row if it is empty on one side only', () => {
    expect([...filledShares([0, 50, 0, 50], [10, 10, 0, 10])]).toEqual([0.005, 0.5, 0, 0.5]);
    const { score } = countMethod('psi').compare([40, 60, 0], [50, 50, 0]);
    expect(score).toBeCloseTo(psi(sharesOf([40, 60]), sharesOf([50, 50])), 12);
  });

  it('have p-values close to the chi-square test if both sides are close', () => {
    const reference = [1000, 2000, 3000, 4000];
    const current = [110, 205, 290, 395];
    const expected = chiSquare(reference, current).pValue;
    for (const name of ['psi', 'kl', 'jensen_shannon', 'hellinger'] as const) {
      const { pValue } = countMethod(name).compare(reference, current);
      expect(Math.abs(pValue! / expected - 1)).toBeLessThan(0.02);
    }
  });

  it('have p-value 1 where only one group holds rows', () => {
    expect(divergencePValue(0, [10, 0], [5, 0])).toBe(1);
    expect(chiSquare([10, 0], [5, 0])).toEqual({ statistic: 0, pValue: 1, effectSize: 0 });
  });

  it('stay within their bounds for disjoint counts', () => {
    const [p, q] = [sharesOf([10, 0]), sharesOf([0, 7])];
    expect(jensenShannon(p, q)).toBeCloseTo(DRIFT_METHODS.jensen_shannon.largest, 12);
    expect(hellinger(p, q)).toBe(DRIFT_METHODS.hellinger.largest);
  });
});

describe('benjaminiHochberg', () => {
  it.each(golden.adjustments)('adjusts $pValues as scipy does', ({ pValues, adjusted }) => {
    const own = benjaminiHochberg(pValues);
    expect(own).toHaveLength(adjusted.length);
    own.forEach((value, i) => {
      expect(value).toBeCloseTo(adjusted[i]!, 14);
    });
  });
});

describe('DRIFT_METHODS', () => {
  it('names each method once, with a threshold that can fire', () => {
    expect(Object.keys(DRIFT_METHODS).sort()).toEqual([...METHOD_NAMES].sort());
    for (const { defaultThreshold, largest, drift, needs, types } of Object.values(DRIFT_METHODS)) {
      expect(defaultThreshold).toBeGreaterThan(0);
      expect(defaultThreshold).toBeLessThan(largest);
      if (needs === 'SAMPLE') expect(types).toEqual(['NUMBER']);
      if (drift === 'BELOW') expect(largest).toBe(1);
    }
  });

  it('scores missing and unseen rows by the change of their share', () => {
    const method = countMethod('missing_share');
    const { score, pValue, effectSize } = method.compare([90, 10], [60, 40]);
    expect(score).toBeCloseTo(0.3, 12);
    expect(pValue).toBeCloseTo(zTest([90, 10], [60, 40]).pValue, 15);
    expect(effectSize).toBeGreaterThan(0.5);
    expect(method.compare([60, 40], [90, 10]).score).toBeCloseTo(0.3, 12);
  });

  it('scores unseen rows by the rise of their share only', () => {
    const method = countMethod('unseen_share');
    const risen = method.compare([90, 10], [60, 40]);
    expect(risen.score).toBeCloseTo(0.3, 12);
    expect(risen.pValue).toBeCloseTo(zTest([90, 10], [60, 40]).pValue / 2, 15);
    expect(method.compare([60, 40], [90, 10])).toMatchObject({ score: 0, effectSize: 0 });
    expect(method.compare([60, 40], [90, 10]).pValue).toBeGreaterThan(0.99);
  });
});
