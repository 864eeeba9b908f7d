import { Random } from '../statistics/random.js';
import { evaluateMetrics, type Truth } from './evaluate.js';
import { weightedScores } from './weighted-scores.js';

const ROWS = 300;
const random = new Random(3);
const weights = Float64Array.from({ length: ROWS }, () => random.below(4));
const repeated = Int32Array.from(weights.keys()).reduce<number[]>((rows, row) => {
  return [...rows, ...new Array<number>(weights[row]!).fill(row)];
}, []);

function numbers(rows: readonly number[]): [Truth, Float64Array] {
  const values = Float64Array.from(rows, (row) => 5 + Math.sin(row));
  return [{ task: 'REGRESSION', values }, values.map((value, i) => value + 0.3 * Math.cos(rows[i]! * 7))];
}

function classes(rows: readonly number[]): [Truth, Float64Array] {
  const codes = Int32Array.from(rows, (row) => (Math.sin(row * 3) > 0.2 ? 1 : 0));
  const scores = Float64Array.from(
    rows.flatMap((row) => [0.5 - 0.4 * Math.sin(row * 2.9), 0.5 + 0.4 * Math.sin(row * 2.9)]),
  );
  return [{ task: 'CLASSIFICATION', codes, classes: ['no', 'yes'] }, scores];
}

describe.each([
  ['a regression', numbers],
  ['a classification', classes],
])('weighted metrics of %s', (_, make) => {
  const all = Array.from({ length: ROWS }, (__, row) => row);

  it('are those of rows that are repeated as often, and depend on the ratios of weights only', async () => {
    const expected = evaluateMetrics(...make(repeated)) as unknown as Record<string, number>;
    for (const scale of [1, 0.125]) {
      const scaled = weights.map((weight) => weight * scale);
      const scores = Object.entries(await weightedScores(...make(all), scaled));
      expect(scores.length).toBeGreaterThanOrEqual(4);
      for (const [name, value] of scores) expect(value).toBeCloseTo(expected[name]!, 10);
    }
  });

  it('are undefined without any weight', async () => {
    const scores = await weightedScores(...make(all), new Float64Array(ROWS));
    expect(Object.values(scores)).toContain(null);
  });
});
