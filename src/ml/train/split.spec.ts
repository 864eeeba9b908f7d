import { Random } from '../statistics/random.js';
import { TrainingDataError } from './errors.js';
import { splitRows, type Split } from './split.js';
import { batchOf, createTable, selectRows, stringColumn, type Column, type TrainingTable } from './table.js';

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
