import { createTable, stringColumn, type TrainingTable } from '../table.js';
import { samplingOrder } from './subsample.js';

const ROWS = 1000;
const x = { name: 'x', type: 'NUMBER', values: Float64Array.from({ length: ROWS }, (_, row) => row) } as const;
const label = (row: number): string => (row < 10 ? 'rare' : row % 4 === 0 ? 'some' : 'many');
const classes = createTable('CLASSIFICATION', stringColumn('y', Array.from(x.values, label)), [x]);
const numbers = createTable('REGRESSION', { ...x, name: 'y' }, [x]);

const countOf = ({ target }: TrainingTable, name: string, rows: Int32Array): number =>
  target.task === 'REGRESSION' ? 0 : rows.filter((row) => target.classes[target.codes[row]!] === name).length;

describe('samplingOrder', () => {
  it.each([classes, numbers])('has every row once, in an order that depends on the seed only', (table) => {
    const order = samplingOrder(table, 1);
    expect([...order].sort((a, b) => a - b)).toEqual([...x.values]);
    expect(samplingOrder(table, 1)).toEqual(order);
    expect(samplingOrder(table, 2)).not.toEqual(order);
  });

  it('gives each class its share in every beginning, and a rare one a row', () => {
    const order = samplingOrder(classes, 7);
    expect(countOf(classes, 'rare', order.slice(0, 3))).toBe(1);
    for (const size of [50, 111, 333]) {
      const beginning = order.slice(0, size);
      for (const name of ['rare', 'some', 'many']) {
        const expected = (countOf(classes, name, order) * size) / ROWS;
        expect(Math.abs(countOf(classes, name, beginning) - expected)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('takes rows from everywhere', () => {
    const beginning = samplingOrder(numbers, 3).slice(0, 300);
    const mean = beginning.reduce((sum, row) => sum + row, 0) / beginning.length;
    expect(Math.abs(mean - ROWS / 2)).toBeLessThan(60);
  });
});
