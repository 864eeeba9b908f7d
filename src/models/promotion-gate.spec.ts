import fc from 'fast-check';
import type { Evaluation } from './artifact/manifest.js';
import { GATE_METRICS, gateMetricsOf } from './gate-metrics.js';
import { bestOf, type Comparison, type Contestant, type GateSettings, judge, missedFloors } from './promotion-gate.js';

const settings: GateSettings = { primaryMetric: 'logLoss', margin: 0.01, floors: [] };
const evaluation = (scores: Record<string, number | null>): Evaluation => ({ rows: 10, scores });
const comparison = (low: number, high: number): Comparison => ({
  difference: (low + high) / 2,
  low,
  high,
  rows: 200,
  confidence: 0.95,
});
const contestant = (number: number, logLoss: number | null, passedFloors = true): Contestant => ({
  id: String(number),
  number,
  algorithm: 'RANDOM_FOREST',
  validation: evaluation({ logLoss }),
  passedFloors,
});

describe('missedFloors', () => {
  const missed = (change: Partial<GateSettings>, holdout: Record<string, number | null>): string[] =>
    missedFloors('CLASSIFICATION', { ...settings, ...change }, evaluation(holdout), evaluation({ logLoss: 0.5 }));

  it('asks for more than a constant prediction by default', () => {
    expect(missed({}, { logLoss: 0.4 })).toEqual([]);
    expect(missed({}, { logLoss: 0.5 })).toEqual(["logLoss 0.5 is no better than a constant prediction's 0.5"]);
    expect(missed({}, { logLoss: null })).toHaveLength(1);
  });

  it('takes a floor of the primary metric in place of the constant', () => {
    expect(missed({ floors: [{ metric: 'logLoss', value: 0.9 }] }, { logLoss: 0.8 })).toEqual([]);
  });

  it('reads floors by the direction of their metric, the bound itself included', () => {
    const floors = [
      { metric: 'rocAuc', value: 0.8 },
      { metric: 'brier', value: 0.2 },
    ];
    expect(missed({ floors }, { logLoss: 0.1, rocAuc: 0.8, brier: 0.2 })).toEqual([]);
    expect(missed({ floors }, { logLoss: 0.1, rocAuc: 0.79, brier: 0.21 })).toEqual([
      'rocAuc 0.79 misses the floor 0.8',
      'brier 0.21 misses the floor 0.2',
    ]);
    expect(missed({ floors }, { logLoss: 0.1, rocAuc: null, brier: 0.1 })).toEqual([
      'rocAuc unknown misses the floor 0.8',
    ]);
  });
});

describe('bestOf', () => {
  it('takes the best on validation among those that passed the floors', () => {
    const contestants = [contestant(1, 0.5), contestant(2, 0.3, false), contestant(3, 0.4), contestant(4, null)];
    expect(bestOf('CLASSIFICATION', 'logLoss', contestants)?.number).toBe(3);
    expect(bestOf('CLASSIFICATION', 'logLoss', [contestant(1, 0.5, false)])).toBeUndefined();
  });

  it('takes the older one on a tie, whatever the order', () => {
    expect(bestOf('CLASSIFICATION', 'logLoss', [contestant(2, 0.5), contestant(1, 0.5)])?.number).toBe(1);
  });
});

describe('judge', () => {
  it('needs no comparison for the first champion', () => {
    expect(judge(settings, null).promote).toBe(true);
  });

  it('promotes exactly if the whole interval is above the margin', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1, max: 1 }),
        fc.double({ noNaN: true, min: 0, max: 1 }),
        (low, width) => {
          expect(judge(settings, comparison(low, low + width)).promote).toBe(low > settings.margin);
        },
      ),
    );
  });

  it('does not promote an equal model', () => {
    const verdict = judge({ ...settings, margin: 0 }, comparison(0, 0));
    expect(verdict).toEqual({
      promote: false,
      reason:
        "It does not beat the champion's logLoss by more than 0: the gain on 200 held-out rows is 0 (95 % interval 0 to 0).",
    });
  });
});

describe('gate metrics', () => {
  const truth = { task: 'CLASSIFICATION', codes: Int32Array.of(0, 1, 1), classes: ['a', 'b'] } as const;
  const scores = Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.25, 0.75);

  it('are made of one loss a row', () => {
    expect([...GATE_METRICS.brier.losses(truth, scores)]).toEqual([0.0625, 0.25, 0.0625]);
    expect([...GATE_METRICS.accuracy.losses(truth, scores)]).toEqual([0, 1, 0]);
    const numbers = { task: 'REGRESSION', values: Float64Array.of(1, 2) } as const;
    expect([...GATE_METRICS.mae.losses(numbers, Float32Array.of(3, 1))]).toEqual([2, 1]);
    expect([...GATE_METRICS.rmse.losses(numbers, Float32Array.of(3, 1))]).toEqual([4, 1]);
  });

  it('belong to a task', () => {
    expect(gateMetricsOf('REGRESSION')).toEqual(['rmse', 'mae']);
    expect(() => GATE_METRICS.rmse.losses(truth, scores)).toThrow(TypeError);
  });
});
