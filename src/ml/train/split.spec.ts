import { Random } from '../statistics/random.js';
import { TrainingDataError } from './errors.js';
import { decideSplit, heldOutRows, splitRows, type Split, type SplitRule } from './split.js';
import { batchOf, countClasses, createTable, selectRows, stringColumn } from './table.js';
import type { ClassTarget, Column, RegressionTarget, TrainingTable } from './table.js';

function tableOf(rows: number, seed = 1): TrainingTable {
  const random = new Random(seed);
  const draw = (): Float64Array => Float64Array.from({ length: rows }, () => random.uniform());
  const features: Column[] = [
    { name: 'a', type: 'NUMBER', values: draw() },
    { name: 'b', type: 'NUMBER', values: draw() },
    stringColumn(
      's',
      Array.from({ length: rows }, () => ['x', 'y', null][random.below(3)]),
    ),
  ];
  return createTable('REGRESSION', { name: 'y', type: 'NUMBER', values: draw() }, features);
}

const partsOf = ({ train, validation, holdout }: Split): Map<number, string> =>
  new Map([
    ...Array.from(train, (row) => [row, 'train'] as const),
    ...Array.from(validation, (row) => [row, 'validation'] as const),
    ...Array.from(holdout, (row) => [row, 'holdout'] as const),
  ]);

describe('splitRows', () => {
  it('puts every row into one part, 70/15/15 within four standard deviations', () => {
    const split = splitRows(tableOf(20_000));
    expect(partsOf(split).size).toBe(20_000);
    expect(Math.abs(split.train.length - 14_000)).toBeLessThan(4 * Math.sqrt(20_000 * 0.21));
    expect(Math.abs(split.validation.length - 3_000)).toBeLessThan(4 * Math.sqrt(20_000 * 0.1275));
    expect(Math.abs(split.holdout.length - 3_000)).toBeLessThan(4 * Math.sqrt(20_000 * 0.1275));
  });

  it('never moves a row: not by its position, its neighbours, the order of columns or of the dictionary', () => {
    const table = tableOf(500);
    const parts = partsOf(splitRows(table));
    const order = Int32Array.from({ length: 300 }, (_, i) => 499 - i);
    const later = selectRows(table, order);
    const strings = batchOf(later).columns[2] as string[];
    const reencoded = stringColumn('s', strings.toReversed());
    const codes = reencoded.codes.toReversed();
    const features = [{ ...reencoded, codes }, later.features[1]!, later.features[0]!];
    const moved = partsOf(splitRows({ ...later, features }));
    order.forEach((row, position) => {
      expect(moved.get(position)).toBe(parts.get(row));
    });
  });

  it('keeps equal rows together and −0 with 0', () => {
    const table = tableOf(200);
    const twice = selectRows(
      table,
      Int32Array.from({ length: 400 }, (_, i) => i % 200),
    );
    const parts = partsOf(splitRows(twice));
    for (let row = 0; row < 200; row++) expect(parts.get(row)).toBe(parts.get(row + 200));

    const zero = (value: number): TrainingTable => {
      const a = { name: 'a', type: 'NUMBER' as const, values: new Float64Array(200).fill(value) };
      return { ...table, features: [a, ...table.features.slice(1)] };
    };
    expect(splitRows(zero(-0))).toEqual(splitRows(zero(0)));
    expect(splitRows(zero(1))).not.toEqual(splitRows(zero(0)));
  });

  it('does not look at the target: equal features stand together whatever the answer', () => {
    const table = tableOf(300);
    const target = { ...table.target, values: Float64Array.from({ length: 300 }, (_, i) => i) };
    expect(splitRows({ ...table, target })).toEqual(splitRows(table));
  });

  it('is the same in every release, since stored versions rely on it', () => {
    const values = Float64Array.from({ length: 24 }, (_, i) => i / 4);
    const labels = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 'é' : i % 3 === 1 ? 'no' : null));
    const features = [stringColumn('s', labels), { name: 'x', type: 'NUMBER' as const, values }];
    const table = createTable('REGRESSION', { name: 'y', type: 'NUMBER', values }, features);
    const { validation, holdout } = splitRows(table);
    expect({ validation: [...validation], holdout: [...holdout] }).toEqual(STORED);
  });

  it('says so if a part stays empty', () => {
    const table = selectRows(tableOf(40), new Int32Array(40));
    expect(() => splitRows(table)).toThrow(TrainingDataError);
  });
});

const STORED = { validation: [16], holdout: [0, 8, 10] };

describe('a stratified split', () => {
  /** One row in 40 is of the class "rare". */
  function classTable(rows: number, seed = 1): TrainingTable {
    const { features } = tableOf(rows, seed);
    const labels = Array.from({ length: rows }, (_, row) => (row % 40 === 0 ? 'rare' : row % 3 === 0 ? 'b' : 'a'));
    return createTable('CLASSIFICATION', stringColumn('y', labels), features);
  }

  const codesOf = ({ target }: TrainingTable): Int32Array => (target as ClassTarget).codes;

  it('gives every class its share of each part, the rare one too', () => {
    const table = classTable(400);
    const split = splitRows(table, decideSplit(table, 'STRATIFIED'));
    const counted = [split.train, split.validation, split.holdout].map((rows) => {
      return [...countClasses(selectRows(table, rows).target as ClassTarget)];
    });
    for (const [k, total] of [...countClasses(table.target as ClassTarget)].entries()) {
      const shares = counted.map((counts) => counts[k]! / total);
      [0.7, 0.15, 0.15].forEach((share, part) => {
        expect(Math.abs(shares[part]! * total - share * total)).toBeLessThanOrEqual(1);
      });
    }
  });

  it('keeps rows on their side in a later snapshot, but for those between two cuts, which neither version holds out', () => {
    const later = classTable(4000);
    const earlier = selectRows(
      later,
      Int32Array.from({ length: 3000 }, (_, row) => row),
    );
    const [before, after] = [earlier, later].map((table) => decideSplit(table, 'STRATIFIED')) as [SplitRule, SplitRule];
    const first = partsOf(splitRows(earlier, before));
    const second = partsOf(splitRows(later, after));
    const moved = [...first.keys()].filter((row) => first.get(row) !== second.get(row));
    expect(moved.length / 3000).toBeLessThan(0.03);
    const judged = heldOutRows(later, [before, after]);
    expect(judged.length / 4000).toBeGreaterThan(0.14);
    for (const row of judged) {
      expect(second.get(row)).toBe('holdout');
      expect(first.get(row) ?? 'holdout').toBe('holdout');
    }
  });

  it('keeps rows with equal features together, whatever their classes', () => {
    const { features } = tableOf(300);
    const half = { rows: 300, features, target: classTable(300).target, warnings: [] };
    const twice = selectRows(
      half,
      Int32Array.from({ length: 600 }, (_, i) => i % 300),
    );
    const other = codesOf(twice).map((code, row) => (row < 300 ? code : (code + 1) % 3));
    const table = { ...twice, target: { ...(twice.target as ClassTarget), codes: other } };
    const parts = partsOf(splitRows(table, decideSplit(table, 'STRATIFIED')));
    for (let row = 0; row < 300; row++) expect(parts.get(row)).toBe(parts.get(row + 300));
  });

  it('needs classes', () => {
    expect(() => decideSplit(tableOf(100), 'STRATIFIED')).toThrow(/no classes to divide evenly/);
  });
});

describe('a split by time', () => {
  const DAY = 86_400_000;

  function timed(days: readonly number[]): TrainingTable {
    const { features, target } = tableOf(days.length);
    const y: Column = { name: 'y', type: 'NUMBER', values: (target as RegressionTarget).values };
    return createTable(
      'REGRESSION',
      y,
      features,
      Float64Array.from(days, (day) => day * DAY),
    );
  }

  it('trains on the past and holds out the latest rows, whatever their order', () => {
    const table = timed(Array.from({ length: 1000 }, (_, row) => (row * 37) % 1000));
    const rule = decideSplit(table, 'TIME');
    const { train, validation, holdout } = splitRows(table, rule);
    expect([train.length, validation.length, holdout.length]).toEqual([700, 150, 150]);
    const bounds = [train, validation, holdout].map((rows) => {
      const times = Array.from(rows, (row) => table.times![row]! / DAY);
      return [Math.min(...times), Math.max(...times)];
    });
    expect(bounds).toEqual([
      [0, 699],
      [700, 849],
      [850, 999],
    ]);
    expect(rule).toEqual({ method: 'TIME', cuts: { train: 699 * DAY, validation: 849 * DAY } });
  });

  it('keeps rows of one moment together, and leaves none of the parts empty for it', () => {
    const table = timed(Array.from({ length: 100 }, (_, row) => (row < 10 ? 1 : row < 20 ? 2 : 3)));
    const { train, validation, holdout } = splitRows(table, decideSplit(table, 'TIME'));
    expect([train.length, validation.length, holdout.length]).toEqual([10, 10, 80]);
    const two = timed(Array.from({ length: 100 }, (_, row) => row % 2));
    expect(() => splitRows(two, decideSplit(two, 'TIME'))).toThrow(/at least three different times/);
  });

  it('compares models on rows that are newer than all that either has seen', () => {
    const champion = decideSplit(timed(Array.from({ length: 1000 }, (_, day) => day)), 'TIME');
    const later = timed(Array.from({ length: 1200 }, (_, day) => day));
    const challenger = decideSplit(later, 'TIME');
    const judged = heldOutRows(later, [champion, challenger]);
    expect(Math.min(...judged)).toBe(1020);
    expect(judged).toHaveLength(180);
    const shrunken = timed(Array.from({ length: 900 }, (_, day) => day));
    expect(Math.min(...heldOutRows(shrunken, [champion, decideSplit(shrunken, 'TIME')]))).toBe(850);
    const old = timed(Array.from({ length: 500 }, (_, day) => day));
    expect(() => heldOutRows(old, [champion, decideSplit(old, 'TIME')])).toThrow(/Extract newer data/);
  });

  it('leaves rows without a time out, and says so', () => {
    const table = timed(Array.from({ length: 50 }, (_, row) => (row < 5 ? NaN : row)));
    expect(table.rows).toBe(45);
    expect(table.times).toHaveLength(45);
    expect(table.warnings).toEqual([
      { code: 'TIME_MISSING', message: '5 of 50 rows have no time; they were left out.' },
    ]);
    expect(() => decideSplit(tableOf(50), 'TIME')).toThrow(/the time of each/);
  });
});
