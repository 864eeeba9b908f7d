import { Random } from '../statistics/random.js';
import { editDistance } from './edit-distance.js';
import { encodeRows, type Row, RowsError } from './rows.js';
import type { Signature } from './signature.js';

const SIGNATURE: Signature = {
  task: 'REGRESSION',
  target: 'price',
  features: [
    { name: 'area', type: 'NUMBER', nullable: false },
    { name: 'rooms', type: 'NUMBER', nullable: true },
    { name: 'garden', type: 'BOOLEAN', nullable: true },
    { name: 'city', type: 'STRING', nullable: true, categories: ['Basel', 'Bern'] },
  ],
};

const ROW = { area: 80, rooms: 3, garden: true, city: 'Bern' };

function encodeOne(change: object): { values: unknown[]; input: unknown } {
  const { batch, inputs } = encodeRows(SIGNATURE, [{ ...ROW, ...change }]);
  return { values: batch.columns.map((column) => column[0]), input: inputs[0] };
}

/** What becomes of a row: its values and the row as understood, or what is wrong with it. */
function outcomeOf(row: object): { values?: unknown[]; input?: Row; problems?: unknown } {
  try {
    const { batch, inputs } = encodeRows(SIGNATURE, [row]);
    return { values: batch.columns.map((column) => column[0]), input: inputs[0]! };
  } catch (error) {
    if (error instanceof RowsError) return { problems: error.problems };
    throw error;
  }
}

function problemsOf(rows: readonly unknown[], signature = SIGNATURE): RowsError {
  try {
    encodeRows(signature, rows);
  } catch (error) {
    if (error instanceof RowsError) return error;
    throw error;
  }
  throw new Error('the rows were accepted');
}

describe('encodeRows', () => {
  it('gives columns in the order of the features, whatever the order of the keys', () => {
    const { batch, inputs } = encodeRows(SIGNATURE, [ROW, { city: 'Basel', garden: false, rooms: 1.5, area: 0.1 }]);
    expect(batch).toEqual({
      rows: 2,
      columns: [Float32Array.of(80, 0.1), Float32Array.of(3, 1.5), Float32Array.of(1, 0), ['Bern', 'Basel']],
    });
    expect(inputs[0]).toBe(ROW);
  });

  it('takes null and missing keys for missing values where they are allowed', () => {
    const missing = { values: [80, NaN, NaN, ''], input: { area: 80, rooms: null, garden: null, city: null } };
    expect(encodeOne({ rooms: null, garden: null, city: null })).toEqual(missing);
    const { batch, inputs } = encodeRows(SIGNATURE, [{ area: 80 }]);
    expect({ values: batch.columns.map((column) => column[0]), input: inputs[0] }).toEqual(missing);
  });

  it.each([
    [{ area: '12.5' }, 12.5, { area: 12.5 }],
    [{ area: '-1e3' }, -1000, { area: -1000 }],
    [{ area: '.5' }, 0.5, { area: 0.5 }],
    [{ area: 2 ** 53 - 1 }, 2 ** 53, { area: 2 ** 53 - 1 }],
    [{ area: 1e30 }, Math.fround(1e30), { area: 1e30 }],
    [{ area: '1e30' }, Math.fround(1e30), { area: 1e30 }],
  ])('coerces the number %j', (change, value, input) => {
    expect(encodeOne(change)).toEqual({ values: [value, 3, 1, 'Bern'], input: { ...ROW, ...input } });
  });

  it.each([
    [1, 1, true],
    [0, 0, false],
    ['1', 1, true],
    ['0', 0, false],
    ['true', 1, true],
    ['false', 0, false],
  ])('coerces %j to a boolean', (garden, value, input) => {
    expect(encodeOne({ garden })).toEqual({ values: [80, 3, value, 'Bern'], input: { ...ROW, garden: input } });
  });

  it.each([
    [12.5, '12.5'],
    [-0.1, '-0.1'],
    [true, 'true'],
    ['', ''],
    ['日本 😀', '日本 😀'],
  ])('coerces %j to a string', (city, value) => {
    expect(encodeOne({ city })).toEqual({ values: [80, 3, 1, value], input: { ...ROW, city: value } });
  });

  it.each([
    ['area', 'abc', 'a number', '"abc"'],
    ['area', '', 'a number', '""'],
    ['area', ' 1', 'a number', '" 1"'],
    ['area', '1,5', /number/, '"1,5"'],
    ['area', '0x10', /number/, '"0x10"'],
    ['area', 'NaN', 'a number', '"NaN"'],
    ['area', true, 'a number', 'true'],
    ['area', null, 'a number', 'null'],
    ['area', undefined, 'a number', 'nothing'],
    ['area', [1], 'a number', 'a list'],
    ['area', { value: 1 }, 'a number', 'an object'],
    ['area', NaN, /a number/, 'NaN'],
    ['area', 1e39, /3\.4e38/, '1e+39'],
    ['area', '1e39', /3\.4e38/, '"1e39"'],
    ['area', 2 ** 53, /2\^53/, '9007199254740992'],
    ['area', '9007199254740993', /2\^53/, '"9007199254740993"'],
    ['area', '1234567890123456789012345', /2\^53/, '"1234567890123456789012345"'],
    ['rooms', 'many', 'a number or null', '"many"'],
    ['garden', 2, 'true, false, 1 or 0 or null', '2'],
    ['garden', 'yes', 'true, false, 1 or 0 or null', '"yes"'],
    ['city', {}, 'a string or null', 'an object'],
    ['city', 'a\0', /NUL/, '"a\\u0000"'],
    ['city', 'a\ud800', /surrogates/, '"a\\ud800"'],
    ['city', 2 ** 60, 'a string or null', '1152921504606847000'],
    ['area', 'x'.repeat(100), 'a number', `"${'x'.repeat(60)}…"`],
  ])('refuses %s = %j', (column, value, expected, received) => {
    const { problems, more } = problemsOf([ROW, { ...ROW, [column]: value }]);
    const matching = typeof expected === 'string' ? expected : expect.stringMatching(expected);
    expect(problems).toEqual([
      { row: 1, column, expected: matching, received, message: expect.stringContaining(column) },
    ]);
    expect(more).toBe(0);
  });

  it.each([
    ['areas', 'area'],
    ['ROOMS', 'rooms'],
    ['gardn', 'garden'],
    ['zity', 'city'],
  ])('names the nearest column for the unknown %s', (name, nearest) => {
    expect(problemsOf([{ ...ROW, [name]: 1 }]).problems).toEqual([
      { row: 0, column: name, expected: nearest, received: name, message: expect.stringContaining(`"${nearest}"`) },
    ]);
  });

  it.each([[3], [null], ['row'], [[1, 2]]])('refuses %j as a row', (row) => {
    expect(problemsOf([row]).problems).toMatchObject([
      { row: 0, column: '', expected: expect.stringContaining('object') },
    ]);
  });

  it('lists the first 20 problems in order of rows and counts the others', () => {
    const wrong = Array.from({ length: 15 }, () => ({ ...ROW, area: 'x', garden: 'y' }));
    const error = problemsOf([ROW, ...wrong]);
    expect(error.problems.map(({ row, column }) => `${row} ${column}`)).toEqual(
      Array.from({ length: 20 }, (_, i) => `${1 + Math.floor(i / 2)} ${i % 2 === 0 ? 'area' : 'garden'}`),
    );
    expect(error.more).toBe(10);
    expect(error.message).toBe('Row 1: column "area" must be a number, not "x" (and 29 more problems)');
  });

  it('keeps columns apart from what every object inherits', () => {
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
    const features = names.map((name) => ({ name, type: 'NUMBER' as const, nullable: true }));
    const signature = { ...SIGNATURE, features };
    expect(encodeRows(signature, [{}]).batch.columns).toEqual(names.map(() => Float32Array.of(NaN)));
    const row: unknown = JSON.parse('{"constructor":1,"toString":2,"__proto__":"3","hasOwnProperty":"4"}');
    const { batch, inputs } = encodeRows(signature, [row]);
    expect(batch.columns).toEqual([1, 2, 3, 4].map((value) => Float32Array.of(value)));
    expect(JSON.stringify(inputs[0])).toBe('{"constructor":1,"toString":2,"__proto__":3,"hasOwnProperty":4}');
    expect(problemsOf([row]).problems.map(({ column }) => column)).toEqual(['area', ...names]);
  });

  it('finds the same in rows of any values, whatever the order of their keys', () => {
    const random = new Random(7);
    const anyOf = (values: readonly unknown[]): unknown => values[random.below(values.length)];
    const usual = { area: [80, 1.5, 0], rooms: [3, null], garden: [true, false, null], city: ['Bern', 'a"b\n', null] };
    const unusual = [
      ...[0, 1, 1.5, -2e-9, 1e30, 1e39, 2 ** 53, 2 ** 53 - 1, NaN, true, false, null, undefined, [1], {}],
      ...['', '1', '1e3', '0', 'true', 'Bern', 'a"b', 'a\\b', 'a\0', '日本 😀', 'a\ud800', 'x'.repeat(70)],
    ];
    let accepted = 0;
    for (let i = 0; i < 4_000; i++) {
      const entries = Object.entries(usual)
        .filter(() => random.uniform() < 0.98)
        .map(([name, values]) => [name, anyOf(random.uniform() < 0.8 ? values : unusual)]);
      const row = Object.fromEntries(entries) as Record<string, unknown>;
      const found = outcomeOf(row);
      expect(found).toEqual(outcomeOf(Object.fromEntries(entries.toReversed()) as object));
      if (!found.input) continue;
      accepted++;
      // The log keeps the row itself, unless something had to be filled in or coerced.
      const asGiven = Object.entries(found.input).every(([name, value]) => row[name] === value);
      expect(found.input === row).toBe(asGiven);
      expect(JSON.parse(JSON.stringify(found.input))).toEqual({ ...found.input });
    }
    expect(accepted).toBeGreaterThan(1_000);
    expect(accepted).toBeLessThan(3_500);
  });

  it('takes no rows', () => {
    expect(encodeRows(SIGNATURE, []).batch.rows).toBe(0);
  });
});

describe('editDistance', () => {
  it.each([
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['same', 'same', 0],
  ])('of %s and %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });
});
