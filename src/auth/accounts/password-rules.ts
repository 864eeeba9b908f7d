import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { COMMON_PASSWORDS } from './common-passwords.js';

export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 200;
const MIN_DISTINCT_CHARACTERS = 4;

/** A password as given, bounded so that a huge one can't keep the hash busy. */
export const passwordSchema = z
  .string()
  .max(MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`);

/**
 * Refuses passwords that are guessed first. Length counts for more than kinds of characters, so nothing demands any.
 * @throws AppError BAD_INPUT that says what is wrong with it, never the password.
 */
export function requireGoodPassword(password: string, email: string): void {
  const problem = problemWith(password.normalize('NFKC'), email);
  if (problem) throw new AppError('BAD_INPUT', `Choose another password: ${problem}`, { field: 'password' });
}

function problemWith(password: string, email: string): string | undefined {
  const { length } = Array.from(password);
  if (length < MIN_PASSWORD_LENGTH) return `it needs at least ${MIN_PASSWORD_LENGTH} characters.`;
  if (length > MAX_PASSWORD_LENGTH) return `it may have at most ${MAX_PASSWORD_LENGTH} characters.`;
  const lower = password.toLowerCase();
  if (new Set(lower).size < MIN_DISTINCT_CHARACTERS) return 'it repeats the same few characters.';
  if (isCommon(lower)) return 'it is one of those that are guessed first.';
  if (isAbout(lower, email)) return 'it is made of your e-mail address.';
  return undefined;
}

function isCommon(lower: string): boolean {
  const word = lower.replace(/[^\p{Letter}]{1,6}$/u, '');
  return COMMON_PASSWORDS.has(lower) || COMMON_PASSWORDS.has(word);
}

function isAbout(lower: string, email: string): boolean {
  const word = lower.replace(/[^\p{Letter}]{1,6}$/u, '');
  const name = email.split('@')[0] ?? '';
  return [email, name].includes(lower) || [email, name].includes(word);
}
