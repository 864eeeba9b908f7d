/** SQLSTATE class 40 (serialization failure, deadlock) and lock_not_available. */
const CONCURRENCY = /^(40[0-9A-Z]{3}|55P03)$/;

/** True if PostgreSQL ended a transaction because of another one: tried again, it may well succeed. */
export function isConcurrencyError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && CONCURRENCY.test(code)) return true;
  return driverError !== error && isConcurrencyError(driverError);
}
