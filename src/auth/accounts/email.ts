import { z } from 'zod';

/** Addresses that differ only in case, width of letters or surrounding blanks are the same account. */
export function normaliseEmail(email: string): string {
  return email.trim().normalize('NFKC').toLowerCase();
}

/** An e-mail address to be stored; parses to its normalised form. */
export const emailSchema = z
  .string()
  .max(254, 'must have at most 254 characters')
  .transform(normaliseEmail)
  .pipe(z.email('must be an e-mail address'));
