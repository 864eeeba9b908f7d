import { within } from '../../platform/within.js';

/** What a check found out; `fix` is what a person should do, and there only if something is wrong. */
export interface Finding {
  readonly check: string;
  readonly says: string;
  readonly fix?: string;
}

const LIMIT_MS = 30_000;

/** A check that throws has found something wrong as well. */
export async function examine(
  check: string,
  work: () => Promise<string | Omit<Finding, 'check'>>,
  fixOf: (error: unknown) => string,
): Promise<Finding> {
  try {
    const found = await within(work(), LIMIT_MS, 'there was no answer');
    return typeof found === 'string' ? { check, says: found } : { check, ...found };
  } catch (error) {
    return { check, says: error instanceof Error ? error.message : String(error), fix: fixOf(error) };
  }
}
