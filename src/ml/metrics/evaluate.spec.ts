import { readFileSync } from 'node:fs';
import { classificationMetrics, type ClassificationMetrics } from './classification.js';
import { evaluateMetrics, METRICS_OF_TASK, primaryMetric, rowLosses, type Truth } from './evaluate.js';
import { regressionMetrics, type RegressionMetrics } from './regression.js';

interface Golden {
  regression: { name: string; truth: number[]; predicted: number[]; metrics: Omit<RegressionMetrics, 'rows'> }[];
  classification: {
    name: string;
    float32: boolean;
    truth: number[];
    probabilities: number[][];
    metrics: Omit<ClassificationMetrics, 'rows' | 'f1'> & { f1: number[] };
  }[];
}

const goldenFile = new URL('../../../test/fixtures/metrics/scikit-learn.json', import.meta.url);
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden;

const PRECISION = 1e-9;

function expectClose(actual: unknown, expected: unknown, what: string): void {
  if (typeof expected !== 'number') {
    expect({ what, value: actual }).toEqual({ what, value: expected });
    return;
  }
  const error = Math.abs((actual as number) - expected) / Math.max(1, Math.abs(expected));
  expect({ what, actual, expected, close: error <= PRECISION }).toMatchObject({ close: true });
}

describe('metrics equal to scikit-learn', () => {
  it.each(golden.regression)('regression: $name', ({ truth, predicted, metrics }) => {
    const actual = regressionMetrics(Float64Array.from(truth), Float64Array.from(predicted));
    expect(actual.rows).toBe(truth.length);
    for (const [name, expected] of Object.entries(metrics)) {
      expectClose(actual[name as keyof typeof metrics], expected, name);
    }
  });

  it.each(golden.classification)('classification: $name', ({ truth, probabilities, metrics, float32 }) => {
    const classes = probabilities[0]!.map((_, k) => `class ${k}`);
    const scores = float32 ? Float32Array.from(probabilities.flat()) : Float64Array.from(probabilities.flat());
    const actual = classificationMetrics(Int32Array.from(truth), scores, classes);
    const { f1, logLoss, ...others } = metrics;
    f1.forEach((expected, k) => {
      expectClose(actual.f1[`class ${k}`], expected, `f1 of ${k}`);
    });
    // scikit-learn adds up the losses of float32 scores in float32.
    if (float32) expect(Math.abs(actual.logLoss - logLoss)).toBeLessThan(1e-6);
    else expectClose(actual.logLoss, logLoss, 'logLoss');
    for (const [name, expected] of Object.entries(others)) {
      expectClose(actual[name as keyof typeof others], expected, name);
    }
  });
});

describe('evaluateMetrics', () => {
  const truth: Truth = { task: 'CLASSIFICATION', codes: Int32Array.of(0, 1), classes: ['no', 'yes'] };

  it('refuses scores of another length, and no rows', () => {
    expect(() => evaluateMetrics(truth, Float64Array.of(0.5, 0.5))).toThrow(RangeError);
    expect(() => evaluateMetrics({ task: 'REGRESSION', values: new Float64Array(0) }, new Float64Array(0))).toThrow(
      'at least one row',
    );
  });

  it('knows a direction for the primary metric of each task and for every scalar metric', () => {
    expect(primaryMetric('REGRESSION')).toEqual({ name: 'rmse', direction: 'LOWER_IS_BETTER' });
    expect(primaryMetric('CLASSIFICATION')).toEqual({ name: 'logLoss', direction: 'LOWER_IS_BETTER' });
    const metrics = evaluateMetrics(truth, Float64Array.of(0.9, 0.1, 0.2, 0.8));
    const scalars = Object.entries(metrics).filter(([name, value]) => typeof value === 'number' && name !== 'rows');
    expect(scalars.map(([name]) => name).sort()).toEqual(Object.keys(METRICS_OF_TASK.CLASSIFICATION).sort());
  });
});

describe('rowLosses', () => {
  it('has the primary metric as its mean or root mean', () => {
    const classes = golden.classification[8]!;
    const truth = {
      task: 'CLASSIFICATION',
      codes: Int32Array.from(classes.truth),
      classes: ['a', 'b', 'c', 'd'],
    } as const;
    const losses = rowLosses(truth, Float64Array.from(classes.probabilities.flat()));
    expect(losses).toHaveLength(classes.truth.length);
    expectClose(losses.reduce((sum, x) => sum + x, 0) / losses.length, classes.metrics.logLoss, 'log loss');

    const numbers = golden.regression[0]!;
    const squares = rowLosses(
      { task: 'REGRESSION', values: Float64Array.from(numbers.truth) },
      Float64Array.from(numbers.predicted),
    );
    expectClose(Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length), numbers.metrics.rmse, 'rmse');
  });
});
