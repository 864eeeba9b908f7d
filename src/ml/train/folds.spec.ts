import { Random } from '../statistics/random.js';
import { TrainingDataError } from './errors.js';
import { type Fold, makeFolds } from './folds.js';
import { type Column, createTable, selectRows, type TrainingTable } from './table.js';

function tableOf(rows: number, rare = 0.5): TrainingTable {
  const random = new Random(5);
  const draw = (map: (value: number) => number): Float64Array =>
    Float64Array.from({ length: rows }, () => map(random.uniform()));
  const features: Column[] = [
    { name: 'a', type: 'NUMBER', values: draw((value) => value) },
    { name: 'b', type: 'NUMBER', values: draw((value) => value) },
  ];
  const target: Column = { name: 'y', type: 'NUMBER', values: draw((value) => (value < rare ? 1 : 0)) };
  const times = Float64Array.from({ length: rows }, (_, row) => Math.floor(row / 3));
  return createTable('CLASSIFICATION', target, features, times);
}

const all = (rows: number): number[] => Array.from({ length: rows }, (_, row) => row);
const sorted = (...parts: Int32Array[]): number[] => parts.flatMap((part) => [...part]).sort((a, b) => a - b);
const positives = ({ target }: TrainingTable, rows: Int32Array): number =>
  rows.reduce((sum, row) => sum + (target.task === 'CLASSIFICATION' ? target.codes[row]! : 0), 0);

describe('folds', () => {
  it.each([2, 5, 20])('%i of them test every row once, and train on all others', (count) => {
    const table = tableOf(1000);
    const folds = makeFolds(table, 'RANDOM', count);
    expect(folds).toHaveLength(count);
    expect(sorted(...folds.map(({ test }) => test))).toEqual(all(1000));
    for (const { train, test } of folds) {
      expect(sorted(train, test)).toEqual(all(1000));
      expect(Math.abs(test.length - 1000 / count)).toBeLessThanOrEqual(2);
    }
  });

  it('divide a rare class evenly', () => {
    const table = tableOf(2000, 0.02);
    const counts = makeFolds(table, 'STRATIFIED', 5).map(({ test }) => positives(table, test));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it('keep rows together that look equal, whatever their class, and where they stand in the data', () => {
    const table = tableOf(300);
    const { target } = table as TrainingTable & { target: { codes: Int32Array } };
    const twice = selectRows(
      table,
      Int32Array.from({ length: 600 }, (_, row) => row % 300),
    );
    const codes = Int32Array.from({ length: 600 }, (_, row) =>
      row < 300 ? target.codes[row]! : 1 - target.codes[row - 300]!,
    );
    const folds = makeFolds({ ...twice, target: { ...twice.target, codes } as TrainingTable['target'] }, 'RANDOM', 4);
    for (const { test } of folds) {
      const known = new Set(test);
      for (const row of test) expect(known.has((row + 300) % 600)).toBe(true);
    }
    const order = Int32Array.from({ length: 300 }, (_, row) => 299 - row);
    const turned = makeFolds(selectRows(table, order), 'RANDOM', 4);
    makeFolds(table, 'RANDOM', 4).forEach(({ test }, index) => {
      expect(sorted(turned[index]!.test.map((row) => order[row]!))).toEqual([...test]);
    });
  });

  it('go forward in time: what is tested is later than all that was trained on', () => {
    const table = tableOf(600);
    const times = (rows: Int32Array): number[] => Array.from(rows, (row) => table.times![row]!);
    const folds = makeFolds(table, 'TIME', 5);
    folds.forEach(({ train, test }: Fold, index) => {
      expect(Math.max(...times(train))).toBeLessThan(Math.min(...times(test)));
      if (index > 0) expect([...train]).toEqual(sorted(folds[index - 1]!.train, folds[index - 1]!.test));
      expect(Math.abs(test.length - 100)).toBeLessThanOrEqual(3);
    });
    expect(sorted(folds[4]!.train, folds[4]!.test)).toEqual(all(600));
  });

  it('need rows that differ', () => {
    const equal = selectRows(tableOf(40), new Int32Array(40));
    expect(() => makeFolds(equal, 'RANDOM', 2)).toThrow(/Ask for fewer folds/);
    expect(() => makeFolds(equal, 'TIME', 2)).toThrow(TrainingDataError);
    expect(() => makeFolds({ ...equal, times: undefined }, 'TIME', 2)).toThrow(/by time/);
  });
});
