import { encodeRows, RowsError } from './rows.js';
import type { Signature } from './signature.js';
import { derivedFeatures, parseMoment, timePart, type TimePart } from './time-parts.js';

describe('parseMoment', () => {
  it.each<[string, number]>([
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2024-02-29T13:45', Date.UTC(2024, 1, 29, 13, 45)],
    ['2024-02-29 13:45:07', Date.UTC(2024, 1, 29, 13, 45, 7)],
    ['2024-02-29T13:45:07.123456Z', Date.UTC(2024, 1, 29, 13, 45, 7, 123)],
    ['2024-03-01T00:30:00+02:00', Date.UTC(2024, 1, 29, 22, 30)],
    ['1969-12-31T23:00:00-01:30', 30 * 60_000],
    ['0099-05-06', new Date('0099-05-06').getTime()],
  ])('reads %s', (text, milliseconds) => {
    expect(parseMoment(text, 'TIMESTAMP')).toBe(milliseconds);
  });

  it.each([
    '2023-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '31.01.2026',
    '2026-01-31T24:00',
    '2026-01-31T10:60',
    '2026-01-31T10:00:60',
    '2026-01-31Z',
    ' 2026-01-31',
    '',
    1769817600000,
    null,
    true,
    {},
  ])('refuses %s', (value) => {
    expect(parseMoment(value, 'TIMESTAMP')).toBeUndefined();
  });

  it('takes no time of a day where a date is needed', () => {
    expect(parseMoment('2026-01-31', 'DATE')).toBe(Date.UTC(2026, 0, 31));
    expect(parseMoment('2026-01-31T00:00:00Z', 'DATE')).toBeUndefined();
  });
});

describe('timePart', () => {
  it('counts in UTC, weekdays from 1 for Monday', () => {
    const partsOf = (ms: number): number[] =>
      (['YEAR', 'MONTH', 'WEEKDAY', 'HOUR'] as TimePart[]).map((part) => timePart(ms, part));
    expect(partsOf(Date.UTC(2026, 10, 29, 23, 59))).toEqual([2026, 11, 7, 23]);
    expect(partsOf(Date.UTC(2026, 10, 30))).toEqual([2026, 11, 1, 0]);
    expect(partsOf(-1)).toEqual([1969, 12, 3, 23]);
    expect(partsOf(NaN)).toEqual([NaN, NaN, NaN, NaN]);
  });
});

describe('encodeRows with a moment', () => {
  const parts = [...derivedFeatures('day', 'DATE'), ...derivedFeatures('seen', 'TIMESTAMP')];
  const signature: Signature = {
    task: 'REGRESSION',
    target: 'y',
    features: [
      { name: 'x', type: 'NUMBER', nullable: false },
      ...parts.map(({ name, ...derived }) => {
        return { name, type: 'NUMBER' as const, nullable: derived.column === 'seen', derived };
      }),
    ],
  };

  it('asks for the moment, gives the model its parts, and keeps both', () => {
    const row = { x: 1, day: '2026-01-31', seen: '2026-01-31T13:00:00+01:00' };
    const { batch, inputs } = encodeRows(signature, [row]);
    expect(batch.columns.map((column) => column[0])).toEqual([1, 2026, 1, 6, 2026, 1, 6, 12]);
    expect({ ...inputs[0] }).toEqual({
      ...row,
      ...{ 'day.year': 2026, 'day.month': 1, 'day.weekday': 6 },
      ...{ 'seen.year': 2026, 'seen.month': 1, 'seen.weekday': 6, 'seen.hour': 12 },
    });
  });

  it('takes a missing moment where some were missing in training', () => {
    const { batch, inputs } = encodeRows(signature, [{ x: 1, day: '2026-01-31' }]);
    expect(batch.columns.slice(4).map((column) => column[0])).toEqual([NaN, NaN, NaN, NaN]);
    expect(inputs[0]).toMatchObject({ seen: null, 'seen.hour': null });
  });

  it('says what a moment looks like, and knows no column by the name of a part', () => {
    const messageOf = (row: object): string => {
      try {
        encodeRows(signature, [row]);
      } catch (error) {
        if (error instanceof RowsError) return error.message;
        throw error;
      }
      return 'accepted';
    };
    expect(messageOf({ x: 1 })).toBe('Row 0: column "day" is missing; it must be a date such as "2026-01-31"');
    expect(messageOf({ x: 1, day: '31.1.2026' })).toMatch(
      /"day" must be a date such as "2026-01-31", not "31\.1\.2026"$/,
    );
    expect(messageOf({ x: 1, day: '2026-01-31', seen: 1769817600 })).toMatch(
      /"seen" must be a time such as "2026-01-31T13:45:00Z" or null, not 1769817600$/,
    );
    expect(messageOf({ x: 1, day: '2026-01-31', 'day.year': 2026 })).toMatch(/"day\.year" is not one of the model's/);
  });
});
