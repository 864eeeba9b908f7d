import { QueryFailedError } from 'typeorm';
import { isRefusedByDatabase } from './refused-by-database.js';

const failedWith = (code: string): Error =>
  new QueryFailedError('SELECT 1', [], Object.assign(new Error(code), { code }));

describe('isRefusedByDatabase', () => {
  it.each(['22P02', '22003', '23502', '23505'])('is true for SQLSTATE %s', (code) => {
    expect(isRefusedByDatabase(failedWith(code))).toBe(true);
  });

  it.each(['40001', '53100', '08006', 'ENOSPC', '2350'])('is false for %s', (code) => {
    expect(isRefusedByDatabase(failedWith(code))).toBe(false);
  });

  it('is false for what has no code', () => {
    expect(isRefusedByDatabase(new Error('23505'))).toBe(false);
    expect(isRefusedByDatabase(undefined)).toBe(false);
  });
});
