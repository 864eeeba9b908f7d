/** SQLSTATE classes 22 (the data is wrong) and 23 (a constraint forbids it). */
const REFUSED = /^2[23][0-9A-Z]{3}$/;

/** True if PostgreSQL refused the data itself, so that the same statement would be refused again. */
export function isRefusedByDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && REFUSED.test(code)) return true;
  return driverError !== error && isRefusedByDatabase(driverError);
}
