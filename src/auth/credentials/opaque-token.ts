import { hash, randomBytes } from 'node:crypto';

/** A new random token of 256 bits, safe in URLs and headers. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored instead of a token. A token is random enough for a plain hash: there is nothing to guess. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** The same in base64. Every request with a key needs it, and a buffer in between would cost more than the hash. */
export function hashTokenAsText(token: string): string {
  return hash('sha256', token, 'base64');
}
