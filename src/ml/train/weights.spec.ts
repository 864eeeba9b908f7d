import { createTable, type TrainingTable } from './table.js';
import { assertRowWeights, rowWeights } from './weights.js';

const x = { name: 'x', type: 'NUMBER' as const, values: Float64Array.from({ length: 40 }, (_, row) => row) };
const table = (task: 'REGRESSION' | 'CLASSIFICATION'): TrainingTable => {
  const values = Float64Array.from({ length: 40 }, (_, row) => (row < 30 ? 0 : 1));
  return createTable(task, { name: 'y', type: 'NUMBER', values }, [x]);
};

describe('weights of rows', () => {
  it('are none where nothing weighs more than the rest', () => {
    expect(rowWeights(table('CLASSIFICATION'), {})).toBeUndefined();
    expect(rowWeights(table('REGRESSION'), {}, 1)).toBeUndefined();
  });

  it('balance classes fully, half, and times what is given', () => {
    const ends = (weights?: Float64Array): number[] => [weights![0]!, weights![39]!];
    expect(ends(rowWeights(table('CLASSIFICATION'), {}, 1))).toEqual([40 / 60, 2]);
    expect(ends(rowWeights(table('CLASSIFICATION'), {}, 0.5))).toEqual([Math.sqrt(40 / 60), Math.sqrt(2)]);
    const sampleWeights = new Float64Array(40).fill(3);
    expect(ends(rowWeights(table('CLASSIFICATION'), { sampleWeights, classWeights: { 1: 5 } }))).toEqual([3, 15]);
  });

  it('of a table count where none are given', () => {
    const weights = Float64Array.from({ length: 40 }, (_, row) => 1 + row);
    expect(rowWeights({ ...table('REGRESSION'), weights }, {})).toEqual(weights);
  });

  it('of a column are checked by name', () => {
    expect(() => {
      assertRowWeights('w', Float64Array.of(1, NaN, NaN));
    }).toThrow('2 rows have no weight in "w"');
    expect(() => {
      assertRowWeights('w', Float64Array.of(1, -2));
    }).toThrow('"w" holds the weight -2');
    expect(() => {
      assertRowWeights('w', Float64Array.of(0, 0.5));
    }).not.toThrow();
  });

  it.each([
    ['too few', { sampleWeights: new Float64Array(39).fill(1) }],
    ['negative', { sampleWeights: new Float64Array(40).fill(-1) }],
    ['not a number', { sampleWeights: new Float64Array(40).fill(NaN) }],
    ['all 0', { sampleWeights: new Float64Array(40) }],
    ['0 for a class', { classWeights: { 1: 0 } }],
    ['for a class that is none', { classWeights: { 2: 1 } }],
  ])('are refused if they are %s', (_name, options) => {
    expect(() => rowWeights(table('CLASSIFICATION'), options)).toThrow(
      expect.objectContaining({ reason: 'WRONG_WEIGHTS' }) as Error,
    );
  });
});
