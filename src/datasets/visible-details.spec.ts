import type { Principal, Role } from '../auth/principal.js';
import type { DatasetSource } from './datasets.types.js';
import { visibleFailure, visibleProfile, visibleSource } from './visible-details.js';

const principal = (role: Role): Principal => ({
  userId: 'u',
  role,
  canPromote: false,
  models: null,
  credential: { kind: 'SESSION', id: 's' },
  address: '127.0.0.1',
});

const source = (changes: Partial<DatasetSource>): DatasetSource => ({
  kind: 'HTTP',
  url: null,
  format: 'CSV',
  region: null,
  endpoint: null,
  connection: null,
  query: null,
  options: { trim: true, filter: "name = 'Ann'", select: 'name' },
  createdAt: new Date(0),
  ...changes,
});

const profile = [
  { name: 'city', type: 'STRING', nulls: 1, distinct: 2, exact: true, top: [{ value: 'Rome', count: 2 }] },
  { name: 'pay', type: 'NUMBER', nulls: 0, distinct: 3, exact: true, min: 1, max: 9, mean: 4, histogram: {} },
];

describe.each(['VIEWER', 'PREDICTOR'] as const)('a %s', (role) => {
  it('sees counts of a profile, no values', () => {
    expect(visibleProfile(profile, principal(role))).toEqual([
      { name: 'city', type: 'STRING', nulls: 1, distinct: 2, exact: true },
      { name: 'pay', type: 'NUMBER', nulls: 0, distinct: 3, exact: true },
    ]);
  });

  it('sees where data comes from, no token, login or SQL', () => {
    const http = source({ url: 'https://ann:pw@example.org:8443/a/b.csv?sig=secret#x' });
    expect(visibleSource(http, principal(role))).toMatchObject({
      url: 'https://example.org:8443/a/b.csv',
      options: { trim: true },
    });
    expect(visibleSource(http, principal(role)).options).toEqual({ trim: true });
    const database = source({ kind: 'POSTGRES', connection: 'postgres://ann@db:5433/shop', query: 'SELECT 1' });
    expect(visibleSource(database, principal(role))).toMatchObject({
      connection: 'postgres://db:5433/shop',
      query: null,
    });
  });

  it('sees that an extraction failed, not the cell that it failed at', () => {
    expect(visibleFailure('row 7 holds "Ann"', principal(role))).not.toContain('Ann');
  });
});

it.each(['ENGINEER', 'ADMIN'] as const)('an %s sees all', (role) => {
  const http = source({ url: 'https://example.org/b.csv?sig=secret' });
  expect(visibleProfile(profile, principal(role))).toBe(profile);
  expect(visibleSource(http, principal(role))).toBe(http);
  expect(visibleFailure('row 7 holds "Ann"', principal(role))).toContain('Ann');
});
