import { readFileSync } from 'node:fs';
import { Random } from '../statistics/random.js';
import { MAX_CURVE_POINTS, rankingCurves, thin } from './curves.js';
import { diagnose } from './diagnostics.js';
import { ranking } from './ranking.js';
import { reliabilityCurve } from './reliability.js';
import { summariseResiduals } from './residuals.js';

interface GoldenCurves {
  name: string;
  truth: number[];
  scores: number[];
  roc: [number, number][];
  precisionRecall: [number, number][];
  reliability: [number, number][];
}

const goldenFile = new URL('../../../test/fixtures/metrics/scikit-learn.json', import.meta.url);
const golden = (JSON.parse(readFileSync(goldenFile, 'utf8')) as { curves: GoldenCurves[] }).curves;

function expectClose(actual: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expect(actual).toHaveLength(expected.length);
  const furthest = actual.flatMap((point, i) => point.map((value, j) => Math.abs(value - expected[i]![j]!)));
  expect(Math.max(...furthest)).toBeLessThan(1e-9);
}

function area(points: readonly (readonly [number, number])[]): number {
  return points.reduce((sum, [x, y], i) => {
    const [before, height] = points[i - 1] ?? [x, y];
    return sum + ((x - before) * (y + height)) / 2;
  }, 0);
}

describe('curves equal to scikit-learn', () => {
  it.each(golden)('$name', ({ truth, scores, roc, precisionRecall, reliability }) => {
    const curves = rankingCurves(Uint8Array.from(truth), Float64Array.from(scores))!;
    expectClose(curves.roc, roc);
    expectClose(curves.precisionRecall, precisionRecall);
    const pairs = Float64Array.from(scores.flatMap((score) => [1 - score, score]));
    const bins = reliabilityCurve(Int32Array.from(truth), pairs, 2);
    expectClose(
      bins.map(({ predicted, observed }) => [predicted, observed]),
      reliability,
    );
    expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(truth.length);
    for (const { lower, upper, predicted } of bins) expect(predicted >= lower && predicted <= upper).toBe(true);
  });

  it('have no curve without rows of the class or of another one', () => {
    expect(rankingCurves(Uint8Array.of(0, 0), Float64Array.of(0.1, 0.2))).toBeUndefined();
    expect(rankingCurves(Uint8Array.of(1, 1), Float64Array.of(0.1, 0.2))).toBeUndefined();
  });
});

describe('thin', () => {
  it('keeps ends, order and area of a long curve', () => {
    const random = new Random(3);
    const positive = Uint8Array.from({ length: 20_000 }, () => (random.uniform() < 0.1 ? 1 : 0));
    const scores = Float64Array.from(positive, (flag) => random.uniform() + flag * 0.4);
    const { roc, precisionRecall } = rankingCurves(positive, scores)!;
    const drawn = thin(roc, ([x, y]) => x + y);
    expect(roc.length).toBeGreaterThan(10_000);
    expect(drawn.length).toBeLessThanOrEqual(MAX_CURVE_POINTS);
    expect(drawn.length).toBeGreaterThan(MAX_CURVE_POINTS * 0.9);
    expect(drawn[0]).toEqual([0, 0]);
    expect(drawn.at(-1)).toEqual([1, 1]);
    expect(Math.abs(area(drawn) - ranking(positive, scores).rocAuc!)).toBeLessThan(1e-3);
    const thinned = thin(precisionRecall, ([recall]) => recall);
    expect(thinned.length).toBeLessThanOrEqual(MAX_CURVE_POINTS);
    expect(thinned.at(-1)).toEqual(precisionRecall.at(-1));
    expect(thin(drawn, ([x, y]) => x + y)).toEqual(drawn);
  });
});

describe('summariseResiduals', () => {
  it('describes residuals by moments, quantiles, counts and some rows', () => {
    const truth = Float64Array.from({ length: 1001 }, (_, i) => i);
    const predicted = truth.map((value, i) => value - (i - 500) / 10);
    const { mean, deviation, quantiles, histogram, points, rows } = summariseResiduals(truth, predicted);
    expect(rows).toBe(1001);
    expect(mean).toBeCloseTo(0, 10);
    expect(deviation).toBeCloseTo(Math.sqrt((1001 * 1002) / 12) / 10, 8);
    expect(quantiles.map(({ value }) => Math.round(value * 10) / 10)).toEqual([-50, -49, -45, -25, 0, 25, 45, 49, 50]);
    expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(1001);
    expect(histogram.edges).toHaveLength(histogram.counts.length + 1);
    expect(points).toHaveLength(200);
    expect([points[0]![0], points.at(-1)![0]].map((value) => Math.round(value))).toEqual([50, 950]);
  });

  it('takes equal residuals and a single row', () => {
    const same = summariseResiduals(Float64Array.of(1, 2), Float64Array.of(0, 1));
    expect(same).toMatchObject({ mean: 1, deviation: 0, histogram: { edges: [1, 1], counts: [2] } });
    expect(summariseResiduals(Float64Array.of(2), Float64Array.of(1.5)).points).toEqual([[1.5, 0.5]]);
  });
});

describe('diagnose', () => {
  it('draws the most frequent of many classes, and only those that occur', async () => {
    const width = 12;
    const classes = Array.from({ length: width }, (_, k) => `c${k}`);
    const codes = Int32Array.from({ length: 300 }, (_, row) => Math.min(row % 15, width - 1));
    const random = new Random(1);
    const scores = Float64Array.from({ length: 300 * width }, () => random.uniform());
    const drawn = await diagnose({ task: 'CLASSIFICATION', codes, classes }, scores);
    if (drawn.task !== 'CLASSIFICATION') throw new TypeError('no classes');
    expect(drawn.roc).toHaveLength(10);
    expect(drawn.roc.map((curve) => curve.class)).toContain('c11');
    expect(drawn.precisionRecall.map((curve) => curve.class)).toEqual(drawn.roc.map((curve) => curve.class));
    const absent = await diagnose(
      { task: 'CLASSIFICATION', codes: Int32Array.of(0, 1, 0), classes: ['a', 'b', 'c'] },
      Float64Array.from({ length: 9 }, () => 1 / 3),
    );
    expect(absent).toMatchObject({ roc: [{ class: 'a' }, { class: 'b' }] });
  });
});
