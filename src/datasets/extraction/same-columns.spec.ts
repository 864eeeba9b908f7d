import { differenceOf } from './same-columns.js';

function columns(...types: readonly string[]) {
  return types.map((text) => ({ name: text.split(' ')[0]!, duckdbType: text.split(' ')[1] ?? 'VARCHAR' }));
}

describe('differenceOf', () => {
  it.each([
    ['CSV', columns('a', 'b'), columns('a', 'b'), undefined],
    ['CSV', columns('a', 'b'), columns('b', 'a'), 'its column 1 is "b" instead of "a"'],
    ['CSV', columns('a', 'b'), columns('a'), 'it lacks "b"'],
    ['CSV', columns('a'), columns('a', 'B'), 'it also has "B"'],
    ['PARQUET', columns('a INTEGER', 'b'), columns('b', 'a INTEGER'), undefined],
    ['PARQUET', columns('a INTEGER'), columns('a DOUBLE'), 'its "a" is DOUBLE instead of INTEGER'],
    ['NDJSON', columns('a BIGINT', 'b'), columns('b', 'a DOUBLE'), undefined],
    [
      'JSON',
      columns(...Array.from('abcdefghijklm')),
      columns('a'),
      expect.stringMatching(/^it lacks "b", .*"k" and 2 more$/),
    ],
  ] as const)('of %s: %j and %j', (format, expected, found, difference) => {
    expect(differenceOf(expected, found, format)).toEqual(difference);
  });
});
