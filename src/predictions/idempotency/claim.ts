import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { AppError } from '../../errors/app-error.js';

const KEY = /^[\x21-\x7e]{1,200}$/;
/** Items hashed in one go; between two lots the event loop gets its turn. */
const TURN_ITEMS = 500;

/** A caller's word that requests with this key are one and the same. */
export interface Claim {
  readonly callerId: string;
  readonly key: string;
  /** Of what was asked for, so that a key used for two things is found out. */
  readonly sha256: Uint8Array;
}

/** A claim with the answer that is kept for those who ask again. */
export interface AnsweredClaim extends Claim {
  readonly answer: string;
  readonly expiresAt: Date;
}

/** @throws AppError BAD_INPUT for a key that is empty, long or not printable. */
export function checkKey(key: string): void {
  if (KEY.test(key)) return;
  throw new AppError(
    'BAD_INPUT',
    'An idempotency key has 1 to 200 printable ASCII characters without spaces. Use a UUID, for example.',
  );
}

/** Hash of a request: what it is about, and its items one by one. */
export async function requestHash(about: readonly unknown[], items: readonly unknown[]): Promise<Buffer> {
  const hash = createHash('sha256').update(JSON.stringify(about));
  for (let start = 0; start < items.length; start += TURN_ITEMS) {
    if (start > 0) await setImmediate();
    hash.update(JSON.stringify(items.slice(start, start + TURN_ITEMS)));
  }
  return hash.digest();
}

/**
 * Keeps answered claims, in the transaction of what they did. Waits for other transactions with the same key.
 * @throws the database's unique violation if one of the keys is taken, see {@link isKeyTaken}.
 */
export async function insertClaims(manager: EntityManager, claims: readonly AnsweredClaim[]): Promise<void> {
  // In one order everywhere: two groups with the same keys wait for each other, and never both.
  const sorted = claims.toSorted((a, b) => (a.callerId + a.key < b.callerId + b.key ? -1 : 1));
  await manager.query(
    `INSERT INTO idempotent_request (caller_id, key, request_sha256, answer, expires_at)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[])`,
    [
      sorted.map(({ callerId }) => callerId),
      sorted.map(({ key }) => key),
      sorted.map(({ sha256 }) => sha256),
      sorted.map(({ answer }) => answer),
      sorted.map(({ expiresAt }) => expiresAt),
    ],
  );
}

export function isKeyTaken(error: unknown): boolean {
  return error instanceof Error && (error as Error & { constraint?: unknown }).constraint === 'idempotent_request_pkey';
}
