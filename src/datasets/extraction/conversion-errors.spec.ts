import { AppError } from '../../errors/app-error.js';
import { describeShortage } from './conversion-errors.js';

describe('a shortage', () => {
  it.each([
    ['Out of Memory Error: failed to pin block of size 256.0 KiB (500 MiB/512 MiB used)', /DUCKDB_MEMORY_LIMIT/],
    [
      "Out of Memory Error: failed to offload data block … This limit was set by the 'max_temp_directory_size' setting.",
      /SOURCE_MAX_BYTES/,
    ],
    ['IO Error: Could not write file "x": No space left on device', /disk of the worker is full/],
  ])('is told apart: %s', (message, expected) => {
    const described = describeShortage(new Error(message));
    expect(described).toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringMatching(expected) });
  });

  it('of the file system is one, too', () => {
    const error = Object.assign(new Error('write'), { code: 'ENOSPC' });
    expect(describeShortage(error)).toMatchObject({ code: 'LIMIT_EXCEEDED', cause: error });
  });

  it('is nothing else', () => {
    const errors = [new Error('Binder Error: no'), new AppError('BAD_INPUT', 'Out of Memory Error'), undefined, 'text'];
    for (const error of errors) expect(describeShortage(error)).toBe(error);
  });
});
