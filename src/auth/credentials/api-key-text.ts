import { randomBytes } from 'node:crypto';
import { hashToken, newToken } from './opaque-token.js';

/** How every key begins, so that a leaked one is recognised, by us and by secret scanners. */
export const API_KEY_START = 'boucle_';

const SHAPE = /^(boucle_[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** A new key: `boucle_<12 hex digits>_<secret>`. The part before the secret is its public prefix. */
export function newApiKey(): { key: string; prefix: string; hash: Buffer } {
  const prefix = API_KEY_START + randomBytes(6).toString('hex');
  const key = `${prefix}_${newToken()}`;
  return { key, prefix, hash: hashToken(key) };
}

/** The public prefix of a key, or undefined for what can't be one. */
export function prefixOf(key: string): string | undefined {
  return SHAPE.exec(key)?.[1];
}
