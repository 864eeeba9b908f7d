import { numbersOf, readGolden, stringsOf, type ColumnCase } from '../../../../test/fixtures/drift/columns.js';
import { type EvidentlyColumn, evidentlyColumnDrift, evidentlyDrift, type EvidentlyMethod } from './evidently.js';

interface Golden {
  versions: { evidently: string };
  columns: (ColumnCase & { method: EvidentlyMethod; score: number; threshold: number; drifted: boolean })[];
  chosen: (ColumnCase & { scores: Record<'psi' | 'kl' | 'jensen_shannon', number> })[];
  datasets: { columns: ColumnCase[]; drifted: number; datasetDrift: boolean }[];
}

const golden = readGolden('evidently.json') as Golden;

function column({ name, kind, reference, current }: ColumnCase): EvidentlyColumn {
  const values = kind === 'NUMERICAL' ? numbersOf : stringsOf;
  return { name, kind, reference: values(reference), current: values(current) };
}

const sequence = (rows: number, scale = 1, offset = 0): Float64Array =>
  Float64Array.from({ length: rows }, (_, i) => scale * ((37 * i) % 101) + offset);

describe(`mode evidently, against Evidently ${golden.versions.evidently}`, () => {
  it.each(golden.columns)('$name', (expected) => {
    const verdict = evidentlyColumnDrift(column(expected));
    expect(verdict).toEqual({
      name: expected.name,
      method: expected.method,
      threshold: expected.threshold,
      drifted: expected.drifted,
      score: expect.any(Number),
    });
    expect(Math.abs(verdict.score - expected.score)).toBeLessThanOrEqual(1e-9 * expected.score + 1e-13);
  });

  it.each(golden.chosen)('distances chosen by hand: $name', (expected) => {
    for (const [method, score] of Object.entries(expected.scores) as [EvidentlyMethod, number][]) {
      const own = evidentlyColumnDrift(column(expected), method);
      expect(Math.abs(own.score - score)).toBeLessThan(1e-9 * score);
      expect(own.drifted).toBe(score >= 0.1);
    }
  });

  it.each(golden.datasets)('a data set with $drifted of 4 columns drifted: $datasetDrift', (expected) => {
    const { drifted, datasetDrift } = evidentlyDrift(expected.columns.map(column));
    expect({ drifted, datasetDrift }).toEqual({ drifted: expected.drifted, datasetDrift: expected.datasetDrift });
  });

  it('covers every branch of the rule table, with both verdicts', () => {
    const seen = new Set(golden.columns.map(({ kind, method, drifted }) => `${kind} ${method} ${drifted}`));
    const numeric = ['ks', 'wasserstein_normed', 'chi_square', 'z_test', 'jensen_shannon'];
    const categorical = ['chi_square', 'z_test', 'jensen_shannon'];
    for (const drifted of [true, false]) {
      for (const method of numeric) expect(seen).toContain(`NUMERICAL ${method} ${drifted}`);
      for (const method of categorical) expect(seen).toContain(`CATEGORICAL ${method} ${drifted}`);
    }
  });
});

describe('mode evidently', () => {
  it('has the known values of 2000 against 1500 rows', () => {
    const rows = { name: 'x', kind: 'NUMERICAL', reference: sequence(2000), current: sequence(1500, 1.1, 3) } as const;
    expect(evidentlyColumnDrift(rows, 'psi').score).toBeCloseTo(0.565916, 6);
    expect(evidentlyColumnDrift(rows, 'kl').score).toBeCloseTo(0.0970542, 7);
    expect(evidentlyColumnDrift(rows, 'jensen_shannon').score).toBeCloseTo(0.179124, 6);
    expect(evidentlyColumnDrift(rows)).toMatchObject({ method: 'wasserstein_normed', drifted: true });
    expect(evidentlyColumnDrift(rows).score).toBeCloseTo(0.273066, 6);
  });

  it('takes the reference of its chi-square test for exact', () => {
    const letters = (...counts: number[]) => counts.flatMap((count, i) => new Array<string>(count).fill('abc'[i]!));
    const rows = {
      name: 'x',
      kind: 'CATEGORICAL',
      reference: letters(50, 30, 20),
      current: letters(30, 40, 10),
    } as const;
    expect(evidentlyColumnDrift(rows).score).toBeCloseTo(0.000449069, 9);
  });

  it('drifts as a whole from one half of the columns on', () => {
    const column = (name: string, offset: number): EvidentlyColumn => {
      return { name, kind: 'NUMERICAL', reference: sequence(300), current: sequence(300, 1, offset) };
    };
    expect(evidentlyDrift([column('a', 50), column('b', 0)])).toMatchObject({ drifted: 1, datasetDrift: true });
    expect(evidentlyDrift([column('a', 50), column('b', 0), column('c', 0)]).datasetDrift).toBe(false);
    expect(evidentlyDrift([])).toEqual({ columns: [], drifted: 0, datasetDrift: false });
  });

  it('refuses a column without known values, and strings among numbers', () => {
    const empty = {
      name: 'gone',
      kind: 'NUMERICAL',
      reference: sequence(10),
      current: Float64Array.of(NaN, Infinity),
    } as const;
    expect(() => evidentlyColumnDrift(empty)).toThrow(/gone.*leave it out/);
    const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
    const strings = { name: 's', kind: 'NUMERICAL', reference: letters, current: letters } as const;
    expect(() => evidentlyColumnDrift(strings)).toThrow(/categorical/);
  });
});
