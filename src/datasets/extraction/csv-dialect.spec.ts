import { detectDialect, firstRecord } from './csv-dialect.js';

const defaults = { decimalComma: false };

describe('firstRecord', () => {
  it.each([
    ['a,b,c\n1,2,3', ',', ['a', 'b', 'c']],
    ['"a,1","b ""x""",c\r\n', ',', ['a,1', 'b "x"', 'c']],
    ['"two\nlines";b\nnext', ';', ['two\nlines', 'b']],
    ['a,,\n', ',', ['a', '', '']],
    ['5" pipe,b', ',', ['5" pipe', 'b']],
  ])('reads %j', (text, delimiter, fields) => {
    expect(firstRecord(text, delimiter)).toEqual(fields);
  });
});

describe('detectDialect', () => {
  it.each([
    ['a,b;c,d\n', ','],
    ['a;b;c\n1,5;2,5;3\n', ';'],
    ['a\tb\n', '\t'],
    ['a|b\n', '|'],
    ['single\n1\n', ','],
    ['"x;y;z",b\n', ','],
  ])('finds the delimiter of %j', (head, delimiter) => {
    expect(detectDialect(head, defaults).delimiter).toBe(delimiter);
  });

  it('does not take a decimal comma for a delimiter', () => {
    const dialect = detectDialect('1,5;2,5;3,5;4,5\n', { decimalComma: true, header: false });
    expect(dialect).toEqual({ delimiter: ';', header: false, names: ['column_1', 'column_2', 'column_3', 'column_4'] });
  });

  it('skips a byte order mark and names unnamed columns by position', () => {
    expect(detectDialect('\uFEFF,age, city \n', defaults).names).toEqual(['column_1', 'age', 'city']);
  });

  it('takes given names for a file without header, or in place of its header', () => {
    expect(detectDialect('1,2\n', { ...defaults, names: ['a', 'b'] })).toMatchObject({
      header: false,
      names: ['a', 'b'],
    });
    expect(detectDialect('x,y\n', { ...defaults, names: ['a', 'b'], header: true }).header).toBe(true);
  });

  it('refuses names that do not fit, doubled headers and no data', () => {
    expect(() => detectDialect('1,2,3\n', { ...defaults, names: ['a', 'b'] })).toThrow(
      /2 names were given, but the first line has 3/,
    );
    expect(() => detectDialect('id,Id\n', defaults)).toThrow(/"Id" twice/);
    expect(() => detectDialect('\n\n', defaults)).toThrow(/no line of data/);
  });
});
