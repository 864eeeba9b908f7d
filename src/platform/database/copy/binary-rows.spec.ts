import { BinaryRows } from './binary-rows.js';

const HEADER = '5047434f50590aff0d0a00' + '00000000' + '00000000';
const TRAILER = 'ffff';

const hex = (fill: (rows: BinaryRows) => void): string => {
  const rows = new BinaryRows();
  fill(rows);
  const text = Buffer.concat(rows.toChunks()).toString('hex');
  expect(text.startsWith(HEADER) && text.endsWith(TRAILER)).toBe(true);
  return text.slice(HEADER.length, -TRAILER.length);
};

describe('BinaryRows', () => {
  it.each<[string, (rows: BinaryRows) => void, string]>([
    ['a row of two fields', (rows) => rows.row(2), '0002'],
    ['NULL', (rows) => rows.null(), 'ffffffff'],
    [
      'a UUID',
      (rows) => rows.uuid('0193aBcD-ef01-7234-8567-89abcdef0123'),
      '00000010' + '0193abcdef017234856789abcdef0123',
    ],
    ['an integer', (rows) => rows.int4(-2), '00000004' + 'fffffffe'],
    ['a long integer', (rows) => rows.int8(2 ** 40), '00000008' + '0000010000000000'],
    ['a moment', (rows) => rows.timestamptz(new Date('2000-01-01T00:00:00.001Z')), '00000008' + '00000000000003e8'],
    ['bytes', (rows) => rows.bytea(Uint8Array.of(1, 0, 255)), '00000003' + '0100ff'],
    ['text', (rows) => rows.text('aé😀'), '00000007' + '61c3a9f09f9880'],
    ['JSON', (rows) => rows.jsonb('{}'), '00000003' + '01' + '7b7d'],
  ])('writes %s', (_, fill, expected) => {
    expect(hex(fill)).toBe(expected);
  });

  it('grows with what is written', () => {
    const long = 'ü'.repeat(50_000);
    const written = hex((rows) => {
      for (let row = 0; row < 3; row++) rows.row(2).text(long).text('end');
    });
    const row = '0002' + '000186a0' + 'c3bc'.repeat(50_000) + '00000003' + '656e64';
    expect(written === row.repeat(3)).toBe(true);
  });

  it('takes rows that another one has encoded, between its own', () => {
    const long = 'x'.repeat(20_000);
    const others = new BinaryRows().row(1).text(long).row(1).text('b');
    const written = hex((rows) => rows.row(1).text('a').append(others.toRows()).row(1).text('c'));
    const field = (text: string) =>
      '0001' + text.length.toString(16).padStart(8, '0') + Buffer.from(text).toString('hex');
    expect(written === ['a', long, 'b', 'c'].map(field).join('')).toBe(true);
  });

  it('refuses what is no UUID', () => {
    expect(() => new BinaryRows().uuid('0193abcdef017234856789abcdef0123')).toThrow(RangeError);
  });
});
