import { categoricalBinning, count, numericBinning } from '../binning.js';
import { Random } from '../random.js';
import type { Check } from './checks.js';
import type { DriftColumn } from './column.js';
import { driftPersists, judgeDrift, type Verdict } from './verdict.js';

const uniform = (seed: number, rows: number, shift = 0): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: rows }, () => random.uniform() + shift);
};

function numeric(name: string, reference: Float64Array, current: Float64Array): DriftColumn {
  const binning = numericBinning(reference)!;
  const counts = { binning, reference: count(binning, reference), current: count(binning, current) };
  return { name, type: 'NUMBER', counts, sample: { reference, current } };
}

describe('judgeDrift', () => {
  const reference = uniform(1, 3000);

  it('reports every check with score, threshold, effect size, p-value, rows and verdict', () => {
    const { columns, ...model } = judgeDrift([numeric('x', reference, uniform(2, 800, 0.3))]);
    expect(model).toEqual({ verdict: 'DRIFT', drifted: 1, judged: 1 });
    const [distribution, missing] = columns[0]!.checks;
    expect(columns[0]).toMatchObject({ name: 'x', verdict: 'DRIFT' });
    expect(distribution).toMatchObject({ method: 'psi', way: 'COUNTS', verdict: 'DRIFT', threshold: 0.1 });
    expect(distribution).toMatchObject({ referenceRows: 3000, currentRows: 800, minimumRows: 500 });
    expect(distribution!.score).toBe(distribution!.effectSize);
    expect(distribution!.pValue).toBeLessThan(1e-9);
    expect(missing).toMatchObject({ method: 'missing_share', verdict: 'NO_DRIFT', score: 0, pValue: 1 });
  });

  it('takes checks and thresholds by column', () => {
    const checks: Record<string, Check[]> = {
      x: [
        { method: 'psi', threshold: 1e4 },
        { method: 'ks' },
        { method: 'wasserstein_normed' },
        { method: 'chi_square' },
      ],
    };
    const { columns } = judgeDrift([numeric('x', reference, uniform(2, 800, 0.3))], { checks });
    expect(columns[0]!.checks.map(({ method, way, verdict }) => [method, way, verdict])).toEqual([
      ['psi', 'COUNTS', 'NO_DRIFT'],
      ['ks', 'SAMPLE', 'DRIFT'],
      ['wasserstein_normed', 'SAMPLE', 'DRIFT'],
      ['chi_square', 'COUNTS', 'DRIFT'],
    ]);
    expect(columns[0]!.checks[2]).toMatchObject({ pValue: null, adjustedPValue: null });
  });

  it('finds no drift in a significant but small change of a large window', () => {
    const checks: Record<string, Check[]> = { x: [{ method: 'chi_square' }, { method: 'ks' }, { method: 'psi' }] };
    const column = numeric('x', uniform(1, 60_000), uniform(2, 60_000, 0.02));
    const { columns, verdict } = judgeDrift([column], { checks });
    expect(columns[0]!.checks.slice(0, 2).map(({ adjustedPValue }) => adjustedPValue! < 1e-6)).toEqual([true, true]);
    expect(verdict).toBe('NO_DRIFT');
  });

  it('corrects p-values over all columns', () => {
    const columns = Array.from({ length: 20 }, (_, i) => numeric(`x${i}`, reference, uniform(100 + i, 600)));
    const checks = Object.fromEntries(columns.map(({ name }) => [name, [{ method: 'ks' as const }]]));
    const verdicts = judgeDrift(columns, { checks }).columns.map((column) => column.checks[0]!);
    const smallest = Math.min(...verdicts.map(({ pValue }) => pValue!));
    const of = verdicts.find(({ pValue }) => pValue === smallest)!;
    expect(of.adjustedPValue).toBeGreaterThan(smallest);
    expect(of.adjustedPValue).toBeLessThanOrEqual(Math.min(1, 20 * smallest));
  });

  it('a column of missing values only drifts by their share, though too few are known', () => {
    const { columns } = judgeDrift([numeric('x', reference, new Float64Array(600).fill(NaN))]);
    expect(columns[0]!.checks.map(({ verdict }) => verdict)).toEqual(['TOO_FEW_ROWS', 'DRIFT']);
    expect(columns[0]!.verdict).toBe('DRIFT');
  });

  it('sees a flood of unseen categories', () => {
    const binning = categoricalBinning(['a', 'b', 'c']);
    const counts = { binning, reference: [900, 600, 300, 0, 0], current: [250, 180, 90, 60, 0] };
    const { columns } = judgeDrift([{ name: 'x', type: 'STRING', counts }]);
    const unseen = columns[0]!.checks.find(({ method }) => method === 'unseen_share')!;
    expect(unseen).toMatchObject({ verdict: 'DRIFT', threshold: 0.05 });
    expect(unseen.score).toBeCloseTo(60 / 580, 12);
  });

  it('says TOO_FEW_ROWS of a column, and of a model only if all columns have too few', () => {
    const few = numeric('few', reference, uniform(3, 400));
    const enough = numeric('enough', reference, uniform(4, 600));
    expect(judgeDrift([few])).toMatchObject({
      verdict: 'TOO_FEW_ROWS',
      judged: 0,
      columns: [{ verdict: 'TOO_FEW_ROWS' }],
    });
    expect(judgeDrift([few, enough])).toMatchObject({ verdict: 'NO_DRIFT', judged: 1, drifted: 0 });
    expect(judgeDrift([]).verdict).toBe('TOO_FEW_ROWS');
    expect(judgeDrift([few]).columns[0]!.checks[0]).toMatchObject({ score: null, pValue: null, effectSize: null });
  });

  it('asks for a share of drifted columns if told to', () => {
    const columns = [0.3, 0, 0, 0].map((shift, i) => numeric(`x${i}`, reference, uniform(10 + i, 600, shift)));
    expect(judgeDrift(columns)).toMatchObject({ verdict: 'DRIFT', drifted: 1, judged: 4 });
    expect(judgeDrift(columns, { driftedShare: 0.25 }).verdict).toBe('DRIFT');
    expect(judgeDrift(columns, { driftedShare: 0.3 }).verdict).toBe('NO_DRIFT');
  });
});

describe('judgeDrift with bad settings', () => {
  const column = numeric('x', uniform(1, 600), uniform(2, 600));
  it.each([
    [{ checks: { y: [] } }, /checks for y/],
    [{ groups: 1 }, /groups must be/],
    [{ groups: 2.5 }, /groups must be/],
    [{ rowsPerGroup: 0 }, /rowsPerGroup must be/],
    [{ significance: 1 }, /significance must lie/],
    [{ driftedShare: 1.1 }, /driftedShare must be/],
    [{ checks: { x: [{ method: 'z_test' } as const] } }, /Column x: z_test applies/],
  ])('refuses %j', (settings, message) => {
    expect(() => judgeDrift([column], settings)).toThrow(message);
  });
});

describe('driftPersists', () => {
  const VERDICTS: Readonly<Record<string, Verdict>> = { D: 'DRIFT', n: 'NO_DRIFT', '?': 'TOO_FEW_ROWS' };
  it.each([
    ['DD', true],
    ['D', false],
    ['DnD', true],
    ['Dnn', false],
    ['DDnn', false],
    ['DDn', true],
    ['D??D??', true],
    ['', false],
  ])('2 of the last 3 in "%s": %s', (text, expected) => {
    const verdicts = Array.from(text, (letter) => VERDICTS[letter]!);
    expect(driftPersists(verdicts, { k: 2, n: 3 })).toBe(expected);
  });
});
