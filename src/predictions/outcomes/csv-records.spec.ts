import { CsvReader, type CsvRecord } from './csv-records.js';

function read(text: string, piece = text.length): CsvRecord[] {
  const reader = new CsvReader();
  const records: CsvRecord[] = [];
  for (let at = 0; at < text.length; at += piece) records.push(...reader.push(text.slice(at, at + piece)));
  return [...records, ...reader.end()];
}

describe('CsvReader', () => {
  const TEXT = 'a,b\r\n"x, ""y""",\n\n1,"two\nlines"\n"",z';
  const RECORDS = [
    { line: 1, fields: ['a', 'b'] },
    { line: 2, fields: ['x, "y"', ''] },
    { line: 4, fields: ['1', 'two\nlines'] },
    { line: 6, fields: ['', 'z'] },
  ];

  it.each([1, 2, 3, 7, 100])('reads quotes, line breaks and blank lines in pieces of %i characters', (piece) => {
    expect(read(TEXT, piece)).toEqual(RECORDS);
  });

  it('reads an empty file', () => {
    expect(read('')).toEqual([]);
    expect(read('\n\r\n')).toEqual([]);
  });

  it('reports a record without end, and goes on after it', () => {
    const records = read(`a\n"${'x'.repeat(70_000)}\nb,c\n`);
    expect(records).toEqual([
      { line: 1, fields: ['a'] },
      { line: 2, fields: [], problem: expect.stringContaining('65536') },
      { line: 3, fields: ['b', 'c'] },
    ]);
  });

  it('reports a quote that does not end with the file', () => {
    expect(read('a\n"b')).toEqual([
      { line: 1, fields: ['a'] },
      { line: 2, fields: [], problem: expect.stringContaining('quoted') },
    ]);
  });
});
