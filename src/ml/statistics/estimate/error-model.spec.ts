import { regressionMetrics } from '../../metrics/regression.js';
import { count, numericBinning } from '../binning.js';
import { Random } from '../random.js';
import { errorsByBin, expectedErrors } from './error-model.js';
import { mostOutside } from './outside-training.js';

const NUMERIC = { type: 'NUMERIC', lower: 0, upper: [10, 20] } as const;

describe('expectedErrors', () => {
  it('are those of the rows held out, on their own distribution', () => {
    const random = new Random(1);
    const predicted = Float64Array.from({ length: 1_000 }, () => 100 * random.uniform());
    const truth = predicted.map((value) => value + (value / 10) * (random.uniform() - 0.5));
    const binning = numericBinning(predicted)!;
    const expected = expectedErrors(errorsByBin(binning, truth, predicted), count(binning, predicted))!;
    const { rmse, mae } = regressionMetrics(truth, predicted);
    expect(expected.rmse).toBeCloseTo(rmse, 12);
    expect(expected.mae).toBeCloseTo(mae, 12);
  });

  it('weigh the errors of each bin by its predictions', () => {
    // 40 predictions of 5 are off by 1, 40 of 15 by 3: of 10 and 30 predictions, a quarter is off by 1.
    const predicted = Float64Array.from({ length: 80 }, (_, i) => (i < 40 ? 5 : 15));
    const truth = predicted.map((value, i) => value + (value === 5 ? 1 : 3) * (i % 2 === 0 ? 1 : -1));
    const errors = errorsByBin(NUMERIC, truth, predicted);
    expect(errors).toEqual({ rows: [0, 40, 40, 0, 0], absolute: [0, 40, 120, 0, 0], squared: [0, 40, 360, 0, 0] });
    expect(expectedErrors(errors, [0, 10, 30, 0, 0])).toEqual({ mae: 2.5, rmse: Math.sqrt((10 + 30 * 9) / 40) });
  });

  it('pool bins of few rows with their neighbours', () => {
    const errors = { rows: [0, 40, 20, 0, 0], absolute: [0, 40, 60, 0, 0], squared: [0, 40, 180, 0, 0] };
    expect(expectedErrors(errors, [0, 0, 10, 3, 0])!.mae).toBeCloseTo(100 / 60, 12);
  });

  it('are unknown without predictions, or without rows enough', () => {
    expect(expectedErrors({ rows: [29], absolute: [29], squared: [29] }, [10])).toBeUndefined();
    expect(expectedErrors({ rows: [30], absolute: [30], squared: [30] }, [0])).toBeUndefined();
  });
});

describe('mostOutside', () => {
  const station = { type: 'CATEGORICAL', categories: ['north'] } as const;

  it('names the feature with most rows where training had fewer', () => {
    const features = [
      { name: 'wind', binning: NUMERIC, reference: [0, 5, 5, 0, 0], counts: [1, 5, 13, 1, 0] },
      { name: 'station', binning: station, reference: [9, 1, 0], counts: [6, 2, 2] },
    ];
    // 2 of 20 winds are out of range; 4 of 10 stations are unseen or missing, of which training had a tenth.
    expect(mostOutside(features)).toEqual({ name: 'station', share: expect.closeTo(0.3, 12) });
    expect(mostOutside(features.slice(0, 1))).toEqual({ name: 'wind', share: 0.1 });
  });

  it('is 0 where training had as many, and unknown without rows', () => {
    const feature = { name: 'wind', binning: NUMERIC, reference: [0, 5, 5, 0, 10] };
    expect(mostOutside([{ ...feature, counts: [0, 0, 6, 0, 4] }])).toEqual({ name: 'wind', share: 0 });
    expect(mostOutside([{ ...feature, counts: [0, 0, 0, 0, 0] }])).toBeUndefined();
  });
});
