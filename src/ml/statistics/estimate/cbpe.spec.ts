import { evaluateMetrics } from '../../metrics/evaluate.js';
import { Random } from '../random.js';
import { expectedQuality } from './cbpe.js';

/** All ways in which the rows may turn out, with their probability. */
function* labellings(probabilities: Float64Array, width: number): Generator<[Int32Array, number]> {
  const rows = probabilities.length / width;
  for (let way = 0; way < width ** rows; way++) {
    const codes = Int32Array.from({ length: rows }, (_, row) => Math.floor(way / width ** row) % width);
    yield [codes, codes.reduce((product, code, row) => product * probabilities[row * width + code]!, 1)];
  }
}

const classesOf = (width: number) => Array.from({ length: width }, (_, k) => `${k}`);

describe('expectedQuality', () => {
  const two = Float64Array.of(0.9, 0.1, 0.75, 0.25, 0.4, 0.6, 0.25, 0.75, 0.75, 0.25, 0.125, 0.875);
  const three = Float64Array.of(0.7, 0.2, 0.1, 0.3, 0.3, 0.4, 0.1, 0.85, 0.05, 0.25, 0.25, 0.5);

  it.each([
    [two, 2],
    [three, 3],
  ])('is the mean over all outcomes, each as likely as its probabilities say', async (probabilities, width) => {
    const mean = { accuracy: 0, logLoss: 0, brier: 0 };
    for (const [codes, likelihood] of labellings(probabilities, width)) {
      const metrics = evaluateMetrics({ task: 'CLASSIFICATION', codes, classes: classesOf(width) }, probabilities);
      for (const name of ['accuracy', 'logLoss', 'brier'] as const) {
        mean[name] += likelihood * (metrics as unknown as Record<string, number>)[name]!;
      }
    }
    const expected = await expectedQuality(probabilities, width);
    for (const name of ['accuracy', 'logLoss', 'brier'] as const) expect(expected[name]).toBeCloseTo(mean[name], 12);
    expect(expected.rocAuc === null).toBe(width > 2);
  });

  it('has the AUC of all pairs of different rows, ties counting half', async () => {
    const p = Array.from({ length: two.length / 2 }, (_, row) => two[2 * row + 1]!);
    let [concordant, pairs] = [0, 0];
    p.forEach((positive, i) => {
      p.forEach((negative, j) => {
        if (i === j) return;
        const weight = positive * (1 - negative);
        pairs += weight;
        concordant += weight * (positive > negative ? 1 : positive === negative ? 0.5 : 0);
      });
    });
    expect((await expectedQuality(two, 2)).rocAuc).toBeCloseTo(concordant / pairs, 12);
  });

  it('comes true for calibrated probabilities', async () => {
    const random = new Random(3);
    const rows = 40_000;
    const probabilities = new Float64Array(2 * rows);
    const codes = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const p = random.uniform() ** 2;
      probabilities.set([1 - p, p], 2 * row);
      codes[row] = random.uniform() < p ? 1 : 0;
    }
    const expected = await expectedQuality(probabilities, 2);
    const truth = { task: 'CLASSIFICATION', codes, classes: ['a', 'b'] } as const;
    const real = evaluateMetrics(truth, probabilities) as unknown as Record<string, number>;
    for (const [name, value] of Object.entries(expected)) expect(Math.abs(value - real[name]!)).toBeLessThan(0.01);
  });

  it('has no AUC where every row is certain to be of one class, and none at all without rows', async () => {
    expect(await expectedQuality(Float64Array.of(1, 0, 1, 0), 2)).toEqual({
      accuracy: 1,
      logLoss: 0,
      brier: 0,
      rocAuc: null,
    });
    await expect(expectedQuality(new Float64Array(), 2)).rejects.toThrow(RangeError);
  });
});
