import { categoricalBinning, count, numericBinning } from '../binning.js';
import { Random } from '../random.js';
import { checkProblem, DEFAULT_CHECKS } from './checks.js';
import { compareColumn, type DriftColumn } from './column.js';
import { groupBins, missingGrouping, regroup, unseenGrouping, withExpectedUnseen } from './groups.js';
import { ks } from './kolmogorov-smirnov.js';
import { METHOD_NAMES } from './methods.js';
import { totalOf } from './shares.js';

const GRAIN = { groups: 10, rowsPerGroup: 50 };

const uniform = (seed: number, rows: number): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: rows }, () => random.uniform());
};

describe('groupBins', () => {
  it('merges 64 quantile bins into 10 groups of nearly equal rows, the outside into the ends, missing nowhere', () => {
    const values = uniform(1, 6400);
    const binning = numericBinning(values)!;
    const reference = count(binning, values);
    const grouping = groupBins(binning, reference);
    expect(grouping.groups).toBe(10);
    const merged = regroup(grouping, reference);
    expect(totalOf(merged)).toBe(6400);
    for (const rows of merged) expect(Math.abs(rows - 640)).toBeLessThanOrEqual(64);
    const outside = regroup(grouping, count(binning, Float64Array.of(-1, 2, NaN, 3)));
    expect([outside[0], outside[9], totalOf(outside)]).toEqual([1, 2, 3]);
  });

  it('gives a value that fills most rows a group of its own and shares out the others', () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => (i < 1200 ? 0 : i));
    const binning = numericBinning(values)!;
    const reference = count(binning, values);
    const merged = regroup(groupBins(binning, reference), reference);
    expect(merged[0]).toBe(1200);
    expect(merged).toHaveLength(10);
    expect(Math.min(...merged.slice(1))).toBeGreaterThanOrEqual(60);
  });

  it('keeps few distinct values apart, with groups below and above them', () => {
    const binning = numericBinning(Float64Array.of(0, 1, 1))!;
    const grouping = groupBins(binning, count(binning, Float64Array.of(0, 1, 1)));
    expect([...regroup(grouping, count(binning, Float64Array.of(-1, 0, 0, 1, 7, NaN)))]).toEqual([1, 2, 1, 1]);
  });

  it('keeps the most frequent categories and merges the rest; unseen ones are a group', () => {
    const binning = categoricalBinning(['a', 'b', 'c', 'd']);
    const grouping = groupBins(binning, [5, 50, 1, 40, 0, 3], 3);
    expect([...regroup(grouping, [5, 50, 1, 40, 2, 3])]).toEqual([50, 40, 6, 2]);
    expect([...regroup(groupBins(binning, [5, 50, 1, 40, 0, 3]), [5, 50, 1, 40, 2, 3])]).toEqual([50, 40, 5, 1, 2]);
  });

  it('tells missing from known and unseen from kept', () => {
    const binning = categoricalBinning(['a', 'b']);
    expect([...regroup(missingGrouping(binning), [5, 6, 2, 3])]).toEqual([13, 3]);
    expect([...regroup(unseenGrouping(binning), [5, 6, 2, 3])]).toEqual([11, 2]);
    expect(() => unseenGrouping({ type: 'NUMERIC', lower: 0, upper: [1] })).toThrow(RangeError);
  });

  it('expects as many unseen rows as categories occurred once', () => {
    const binning = categoricalBinning(['a', 'b', 'c', 'd']);
    expect([...Array.from(withExpectedUnseen(binning, [7, 1, 2, 1, 3, 1]))]).toEqual([7, 1, 2, 1, 5, 1]);
    const numbers = [1, 1, 1, 1];
    expect(withExpectedUnseen({ type: 'NUMERIC', lower: 0, upper: [1] }, numbers)).toBe(numbers);
  });

  it('refuses counts of another binning and fewer than two groups', () => {
    const binning = categoricalBinning(['a', 'b']);
    expect(() => groupBins(binning, [1, 2, 3])).toThrow(RangeError);
    expect(() => groupBins(binning, [1, 2, 3, 4], 1)).toThrow(RangeError);
    expect(() => regroup(groupBins(binning, [1, 2, 3, 4]), [1, 2, 3])).toThrow(RangeError);
  });
});

describe('compareColumn', () => {
  const referenceValues = uniform(2, 2000);
  const binning = numericBinning(referenceValues)!;
  const reference = count(binning, referenceValues);
  const column = (current: Float64Array): DriftColumn => ({
    name: 'x',
    type: 'NUMBER',
    counts: { binning, reference, current: count(binning, current) },
    sample: { reference: referenceValues, current },
  });

  it('needs 50 rows a group on both sides', () => {
    expect(compareColumn(column(uniform(3, 499)), { method: 'psi' }, GRAIN)).toEqual({
      comparison: null,
      referenceRows: 2000,
      currentRows: 499,
      minimumRows: 500,
    });
    expect(compareColumn(column(uniform(3, 500)), { method: 'psi' }, GRAIN).comparison).not.toBeNull();
    const coarse = { groups: 4, rowsPerGroup: 50 };
    expect(compareColumn(column(uniform(3, 200)), { method: 'psi' }, coarse)).toMatchObject({ minimumRows: 200 });
    expect(compareColumn(column(uniform(3, 499)), { method: 'ks' }, GRAIN).comparison).toBeNull();
  });

  it('merges to fewer groups where the reference is small', () => {
    const small = uniform(4, 230);
    const ownBinning = numericBinning(small)!;
    const counts = { binning: ownBinning, reference: count(ownBinning, small), current: count(ownBinning, small) };
    const compared = compareColumn({ name: 'x', type: 'NUMBER', counts }, { method: 'psi' }, GRAIN);
    expect(compared).toMatchObject({ minimumRows: 200, referenceRows: 230, comparison: { score: 0, pValue: 1 } });
    const tiny = { ...counts, reference: count(ownBinning, small.slice(0, 99)) };
    expect(compareColumn({ name: 'x', type: 'NUMBER', counts: tiny }, { method: 'psi' }, GRAIN).comparison).toBeNull();
  });

  it('does not count missing values as rows, except for their own share', () => {
    const current = uniform(5, 1000).map((value, i) => (i % 2 === 0 ? NaN : value));
    expect(compareColumn(column(current), { method: 'psi' }, GRAIN).currentRows).toBe(500);
    expect(compareColumn(column(current), { method: 'ks' }, GRAIN).currentRows).toBe(500);
    const missing = compareColumn(column(current), { method: 'missing_share' }, GRAIN);
    expect(missing).toMatchObject({ currentRows: 1000, minimumRows: 100, comparison: { score: 0.5 } });
  });

  it('compares raw values where the method needs them', () => {
    const current = uniform(6, 700);
    const { comparison } = compareColumn(column(current), { method: 'ks' }, GRAIN);
    const { distance, pValue } = ks(referenceValues, current);
    expect(comparison).toEqual({ score: pValue, pValue, effectSize: distance });
  });

  it('sees a constant that becomes another one', () => {
    const constant = new Float64Array(500).fill(7);
    const ofConstant = numericBinning(constant)!;
    const counts = (value: number) => {
      const current = count(ofConstant, new Float64Array(300).fill(value));
      return { binning: ofConstant, reference: count(ofConstant, constant), current };
    };
    const psiOf = (value: number) => {
      return compareColumn({ name: 'x', type: 'NUMBER', counts: counts(value) }, { method: 'psi' }, GRAIN).comparison!;
    };
    expect(psiOf(7)).toEqual({ score: 0, effectSize: 0, pValue: 1 });
    expect(psiOf(8).score).toBeGreaterThan(5);
    expect(psiOf(8).pValue).toBeLessThan(1e-9);
  });

  it('does not take new values of a column of many rare ones for drift', () => {
    const random = new Random(8);
    const rare = (rows: number) => Array.from({ length: rows }, () => `id ${random.below(3000)}`);
    const referenceRows = rare(3000);
    const ofRare = categoricalBinning([...new Set(referenceRows)]);
    const counts = { binning: ofRare, reference: count(ofRare, referenceRows), current: count(ofRare, rare(1000)) };
    const { comparison } = compareColumn({ name: 'x', type: 'STRING', counts }, { method: 'unseen_share' }, GRAIN);
    expect(counts.current.at(-2)! / 1000).toBeGreaterThan(0.3);
    expect(comparison!.score).toBeLessThan(0.05);
  });

  it('says what is missing or does not apply', () => {
    const bare = { name: 'x', type: 'NUMBER' } as const;
    expect(() => compareColumn(bare, { method: 'ks' }, GRAIN)).toThrow(/Column x: ks compares raw values/);
    expect(() => compareColumn(bare, { method: 'psi' }, GRAIN)).toThrow(/Column x: psi compares counts/);
    expect(() => compareColumn(bare, { method: 'unseen_share' }, GRAIN)).toThrow(/applies to columns of type STRING/);
  });
});

describe('checkProblem', () => {
  it('accepts the defaults of every type and all methods at their own thresholds', () => {
    for (const type of ['NUMBER', 'BOOLEAN', 'STRING'] as const) {
      for (const check of DEFAULT_CHECKS[type]) expect(checkProblem(check, type)).toBeUndefined();
    }
    const applicable = METHOD_NAMES.filter((method) => checkProblem({ method }, 'NUMBER') === undefined);
    expect(applicable).toEqual(METHOD_NAMES.filter((name) => name !== 'z_test' && name !== 'unseen_share'));
  });

  it.each([
    [{ method: 'psi', threshold: 0 }, /always report drift/],
    [{ method: 'psi', threshold: Infinity }, /never report drift/],
    [{ method: 'psi', threshold: NaN }, /report drift/],
    [{ method: 'jensen_shannon', threshold: 0.84 }, /never report drift: its scores go from 0 to 0.8326/],
    [{ method: 'hellinger', threshold: 1.1 }, /never/],
    [{ method: 'ks', threshold: 0 }, /never/],
    [{ method: 'ks', threshold: 1 }, /always/],
    [{ method: 'z_test' }, /BOOLEAN/],
  ] as const)('explains why %j makes no sense', (check, message) => {
    expect(checkProblem(check, 'NUMBER')).toMatch(message);
  });
});
