import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { AppError } from './app-error.js';
import { isForTheLog, toPublicError } from './public-error.js';

function refused(code: string): QueryFailedError {
  return new QueryFailedError('SELECT $1', ['a value'], Object.assign(new Error('refused'), { code }));
}

describe('an error of the database', () => {
  it.each(['22021', '22P05'])('%s is a mistake in the text that was sent', (code) => {
    expect(toPublicError(refused(code))).toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('NUL') });
    expect(isForTheLog(refused(code))).toBe(false);
  });

  it.each(['53100', '57P01', '08006', 'ECONNREFUSED'])('%s is UNAVAILABLE, and in the log', (code) => {
    expect(toPublicError(refused(code)).code).toBe('UNAVAILABLE');
    expect(isForTheLog(refused(code))).toBe(true);
  });
});

describe('a connection that was lost between two statements', () => {
  it.each([
    new QueryRunnerAlreadyReleasedError(),
    new QueryRunnerProviderAlreadyReleasedError(),
    new Error('Client was closed and is not queryable'),
  ])('is UNAVAILABLE: %s', (error) => {
    expect(toPublicError(error).code).toBe('UNAVAILABLE');
  });
});

describe('the log', () => {
  it.each(['UPSTREAM_FAILED', 'UNAVAILABLE', 'INTERNAL'] as const)('shows %s', (code) => {
    expect(isForTheLog(new AppError(code, 'no'))).toBe(true);
  });

  it('shows unknown errors and those with a cause', () => {
    expect(isForTheLog(new Error('no'))).toBe(true);
    expect(isForTheLog(new AppError('LIMIT_EXCEEDED', 'no', undefined, { cause: new Error('disk full') }))).toBe(true);
  });

  it("does not show a client's mistakes", () => {
    expect(isForTheLog(new AppError('BAD_INPUT', 'no'))).toBe(false);
    expect(isForTheLog(Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 }))).toBe(false);
  });
});
