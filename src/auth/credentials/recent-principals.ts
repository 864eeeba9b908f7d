import { Injectable } from '@nestjs/common';
import { answerInTime } from '../../platform/database/answer-in-time.js';
import type { Principal } from '../principal.js';

/** A caller without the address, which differs from request to request. */
export type KnownCaller = Omit<Principal, 'address'>;

/**
 * The bound on how long a credential works after it was revoked, its user disabled, or a role changed, on replicas other
 * than the one that made the change.
 */
export const REVOCATION_BOUND_MS = 5_000;
const MAX_ENTRIES = 10_000;

/** Callers seen in the last seconds, so that a busy client doesn't cost a query per request. */
@Injectable()
export class RecentPrincipals {
  private readonly entries = new Map<
    string,
    { readonly caller: Promise<KnownCaller | null>; readonly until: number }
  >();

  /** The caller behind `key`: a recent one, or the result of `load`. Null results are not kept. */
  async find(key: string, load: () => Promise<KnownCaller | null>): Promise<KnownCaller | null> {
    const known = this.entries.get(key);
    if (known && known.until > Date.now()) return known.caller;
    const entry = { caller: answerInTime(load()), until: Date.now() + REVOCATION_BOUND_MS };
    this.entries.delete(key);
    this.makeRoom();
    this.entries.set(key, entry);
    try {
      const caller = await entry.caller;
      if (caller === null) this.drop(key, entry);
      return caller;
    } catch (error) {
      this.drop(key, entry);
      throw error;
    }
  }

  /** Forgets everybody: call it after the commit of any change to users, sessions or keys. Such changes are rare. */
  forget(): void {
    this.entries.clear();
  }

  private drop(key: string, entry: object): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }

  private makeRoom(): void {
    const [oldest] = this.entries.keys();
    if (this.entries.size >= MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
  }
}
