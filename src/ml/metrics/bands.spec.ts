import { Random } from '../statistics/random.js';
import { metricBands } from './bands.js';
import { evaluateMetrics, METRICS_OF_TASK, type MetricName, type Truth } from './evaluate.js';

const WINDOWS = 250;

/** Standard normal, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

function regression(rows: number, random: Random): [Truth, Float64Array] {
  const values = Float64Array.from({ length: rows }, () => 10 + 3 * normal(random));
  return [{ task: 'REGRESSION', values }, values.map((value) => value + 2 * normal(random))];
}

/** Two classes whose scores are N(0, 1) and N(1, 1) through a logistic curve. */
function binary(rows: number, random: Random): [Truth, Float64Array] {
  const codes = Int32Array.from({ length: rows }, () => (random.uniform() < 0.4 ? 1 : 0));
  const scores = new Float64Array(2 * rows);
  codes.forEach((code, row) => {
    const probability = 1 / (1 + Math.exp(-(normal(random) + code - 0.5)));
    scores.set([1 - probability, probability], 2 * row);
  });
  return [{ task: 'CLASSIFICATION', codes, classes: ['no', 'yes'] }, scores];
}

function several(rows: number, width: number, random: Random): [Truth, Float64Array] {
  const codes = Int32Array.from({ length: rows }, () => random.below(width));
  const scores = new Float64Array(width * rows);
  for (let row = 0; row < rows; row++) {
    const raw = Array.from({ length: width }, (_, k) => Math.round(10 * random.uniform()) + (codes[row] === k ? 4 : 0));
    const sum = raw.reduce((total, value) => total + value, 0);
    raw.forEach((value, k) => (scores[row * width + k] = value / sum));
  }
  const classes = Array.from({ length: width }, (_, k) => `class ${k}`);
  return [{ task: 'CLASSIFICATION', codes, classes }, scores];
}

/** Of the turns of the event loop during `work`, in milliseconds of the clock. */
async function longestTurn(work: () => Promise<unknown>, clock: () => number): Promise<number> {
  let longest = 0;
  let last = clock();
  let turn = setImmediate(function measure() {
    longest = Math.max(longest, clock() - last);
    last = clock();
    turn = setImmediate(measure);
  });
  await work();
  clearImmediate(turn);
  return longest;
}

describe('metricBands', () => {
  it.each([
    ['a regression', regression(700, new Random(1))],
    ['two classes', binary(700, new Random(2))],
    ['five classes with ties', several(700, 5, new Random(3))],
    ['thirty classes', several(700, 30, new Random(4))],
    ['a single row', regression(1, new Random(5))],
    ['equal values', [{ task: 'REGRESSION', values: Float64Array.of(3, 3, 3) }, Float64Array.of(3, 4, 3)]],
  ] as [string, [Truth, Float64Array]][])('have the values of evaluateMetrics for %s', async (_, [truth, scores]) => {
    const bands = await metricBands(truth, scores, { seed: 1, resamples: 20 });
    const expected = evaluateMetrics(truth, scores);
    expect(Object.keys(bands)).toEqual(Object.keys(METRICS_OF_TASK[truth.task]));
    for (const [name, { value, low, high }] of Object.entries(bands)) {
      const metric = expected[name as keyof typeof expected] as number | null;
      if (metric === null) expect([value, low, high]).toEqual([null, null, null]);
      else expect(Math.abs(value! - metric)).toBeLessThan(1e-12 * Math.max(1, metric));
    }
  });

  it('contain the value and are the same for the same seed', async () => {
    for (const [truth, scores] of [regression(400, new Random(1)), binary(400, new Random(2))]) {
      const bands = await metricBands(truth, scores, { seed: 5 });
      expect(await metricBands(truth, scores, { seed: 5 })).toEqual(bands);
      expect(await metricBands(truth, scores, { seed: 6 })).not.toEqual(bands);
      for (const { value, low, high } of Object.values(bands)) {
        expect(low!).toBeLessThan(value!);
        expect(high!).toBeGreaterThan(value!);
      }
    }
  });

  it('leave metrics undefined that need another class, and give the rest', async () => {
    const [truth, scores] = binary(50, new Random(1));
    const codes = new Int32Array(50);
    const bands = await metricBands({ ...truth, codes } as Truth, scores, { seed: 1 });
    const undefinedOnes = Object.entries(bands).filter(([, { value }]) => value === null);
    expect(undefinedOnes).toEqual(['rocAuc', 'prAuc'].map((name) => [name, { value: null, low: null, high: null }]));
    expect(bands.accuracy!.low!).toBeLessThan(bands.accuracy!.high!);
  });

  it('of rankings are not resampled for more than twenty classes', async () => {
    const { rocAuc, accuracy } = await metricBands(...several(300, 30, new Random(4)), { seed: 1, resamples: 50 });
    expect(rocAuc).toEqual({ value: expect.any(Number), low: null, high: null });
    expect(accuracy!.low).not.toBeNull();
  });

  it('refuse rows without scores', async () => {
    const truth: Truth = { task: 'REGRESSION', values: new Float64Array() };
    await expect(metricBands(truth, new Float64Array(), { seed: 1 })).rejects.toThrow(RangeError);
  });

  it('let others have their turn within 20 ms', async () => {
    // Computing time of this thread: other tests share the machine.
    const busy = () => process.threadCpuUsage().user / 1_000;
    const [truth, scores] = several(10_000, 10, new Random(4));
    await metricBands(truth, scores, { seed: 1, resamples: 20 }); // What the compiler takes is paid once.
    const longests: number[] = [];
    for (let run = 0; run < 3; run++)
      longests.push(await longestTurn(() => metricBands(truth, scores, { seed: 1 }), busy));
    // What the runtime does in between, collecting garbage above all, falls into another turn each time.
    const longest = Math.min(...longests);
    process.stdout.write(`the longest turn took ${longest.toFixed(1)} ms\n`);
    expect(longest).toBeLessThan(20);
  });

  /** P(N(1, 1) > N(0, 1)); accuracy of the cut at 0.5: Φ(0.5) for either class. */
  const PHI_HALF_ROOT = 0.7602499;
  const PHI_HALF = 0.6914625;

  it.each([
    ['rmse', 2, regression],
    ['accuracy', PHI_HALF, binary],
    ['rocAuc', PHI_HALF_ROOT, binary],
  ] as [MetricName, number, typeof regression][])(
    'of %s contain the true value in 92 to 98 % of windows',
    async (name, truly, simulate) => {
      const random = new Random(20_260_101);
      let covered = 0;
      for (let seed = 0; seed < WINDOWS; seed++) {
        const { low, high } = (await metricBands(...simulate(300, random), { seed }))[name]!;
        if (low! <= truly && truly <= high!) covered++;
      }
      const share = ((100 * covered) / WINDOWS).toFixed(1);
      process.stdout.write(`95 % bands of ${name} contain the true value in ${share} % of ${WINDOWS} windows\n`);
      expect(covered / WINDOWS).toBeGreaterThanOrEqual(0.92);
      expect(covered / WINDOWS).toBeLessThanOrEqual(0.98);
    },
  );
});
