import { TrainingDataError } from './errors.js';
import { batchOf, createTable, selectRows, stringColumn, type Column } from './table.js';

const number = (name: string, values: number[]): Column => ({
  name,
  type: 'NUMBER',
  values: Float64Array.from(values),
});
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const x = (n: number): Column => number('x', range(n));

function reasonOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof TrainingDataError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('createTable', () => {
  it('numbers classes by label: strings by code unit, numbers by value, booleans false first', () => {
    const strings = range(30).map((i) => ['b', 'a', 'B'][i % 3]!);
    const table = createTable('CLASSIFICATION', stringColumn('y', strings), [x(30)]);
    expect(table.target).toMatchObject({ classes: ['B', 'a', 'b'] });
    expect([...(table.target as { codes: Int32Array }).codes.subarray(0, 3)]).toEqual([2, 1, 0]);

    const numbers = createTable(
      'CLASSIFICATION',
      number(
        'y',
        range(30).map((i) => 10 - (i % 2) * 8),
      ),
      [x(30)],
    );
    expect(numbers.target).toMatchObject({ classes: ['2', '10'] });

    const flags: Column = { name: 'y', type: 'BOOLEAN', values: Float64Array.from(range(30), (i) => i % 2) };
    expect(createTable('CLASSIFICATION', flags, [x(30)]).target).toMatchObject({ classes: ['false', 'true'] });
  });

  it('drops rows without a target and says so', () => {
    const y = range(30).map((i) => (i < 4 ? NaN : i === 4 ? Infinity : i));
    const table = createTable('REGRESSION', number('y', y), [x(30), stringColumn('s', range(30).map(String))]);
    expect(table.rows).toBe(25);
    expect(table.warnings.map(({ code }) => code)).toEqual(['TARGET_MISSING']);
    expect(table.warnings[0]!.message).toContain('5 of 30');
    const batch = batchOf(table, 0, 2);
    expect(batch).toEqual({ rows: 2, columns: [Float32Array.of(5, 6), ['5', '6']] });
  });

  it('drops classes that are too rare to be split, with a warning', () => {
    const labels = range(40).map((i) => (i < 3 ? 'rare' : i % 2 ? 'odd' : 'even'));
    const table = createTable('CLASSIFICATION', stringColumn('y', labels), [x(40)]);
    expect(table.rows).toBe(37);
    expect(table.target).toMatchObject({ classes: ['even', 'odd'] });
    expect(table.warnings).toEqual([expect.objectContaining({ code: 'RARE_CLASS' })]);
    expect(table.warnings[0]!.message).toContain('rare');
  });

  it('turns values that float32 cannot hold into missing ones, with a warning', () => {
    const values = range(25).map((i) => (i === 3 ? Infinity : i === 4 ? -1e300 : i));
    const table = createTable('REGRESSION', number('y', range(25)), [number('v', values)]);
    expect(batchOf(table).columns[0]!.slice(2, 6)).toEqual(Float32Array.of(2, NaN, NaN, 5));
    expect(table.warnings).toEqual([expect.objectContaining({ code: 'NON_FINITE_VALUES', feature: 'v' })]);
  });

  it('treats empty strings as missing', () => {
    expect([...stringColumn('s', ['a', '', null, undefined, 'b', 'a']).codes]).toEqual([0, -1, -1, -1, 1, 0]);
  });

  it.each([
    ['TOO_FEW_ROWS', () => createTable('REGRESSION', number('y', range(19)), [x(19)])],
    ['TOO_FEW_ROWS', () => createTable('REGRESSION', number('y', new Array<number>(50).fill(NaN)), [x(50)])],
    ['CONSTANT_TARGET', () => createTable('REGRESSION', number('y', new Array<number>(50).fill(3)), [x(50)])],
    ['ONE_CLASS', () => createTable('CLASSIFICATION', number('y', new Array<number>(50).fill(3)), [x(50)])],
    ['TOO_MANY_CLASSES', () => createTable('CLASSIFICATION', number('y', range(101)), [x(101)])],
    ['TARGET_NOT_NUMERIC', () => createTable('REGRESSION', stringColumn('y', range(50).map(String)), [x(50)])],
    ['WRONG_LENGTH', () => createTable('REGRESSION', number('y', range(50)), [x(49)])],
    ['NAME_TAKEN', () => createTable('REGRESSION', number('x', range(50)), [x(50)])],
    ['NAME_TAKEN', () => createTable('REGRESSION', number('y', range(50)), [x(50), x(50)])],
  ])('refuses with %s', (reason, action) => {
    expect(reasonOf(action)).toBe(reason);
  });
});

describe('selectRows', () => {
  it('keeps order, types and classes', () => {
    const labels = range(40).map((i) => (i % 2 ? 'odd' : 'even'));
    const table = createTable('CLASSIFICATION', stringColumn('y', labels), [x(40), stringColumn('s', labels)]);
    const part = selectRows(table, Int32Array.of(7, 2));
    expect(part.rows).toBe(2);
    expect(batchOf(part)).toEqual({ rows: 2, columns: [Float32Array.of(7, 2), ['odd', 'even']] });
    expect(part.target).toEqual({
      name: 'y',
      task: 'CLASSIFICATION',
      codes: Int32Array.of(1, 0),
      classes: ['even', 'odd'],
    });
  });
});
