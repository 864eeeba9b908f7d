import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import ipaddr from 'ipaddr.js';
import { EntityManager } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { AuditService } from '../audit/audit.service.js';
import { LoginFailure } from './login-failure.entity.js';

export const MAX_FAILURES_PER_ACCOUNT = 10;
export const MAX_FAILURES_PER_ADDRESS = 50;
const WINDOW_SECONDS = 15 * 60;

interface Counter {
  readonly key: string;
  readonly failures: number;
  readonly secondsLeft: number;
}

/**
 * Limits guesses of passwords per account and per network address. The counters live in PostgreSQL, so replicas agree.
 * An attempt counts as failed from its begin until it succeeds: guesses made side by side can't slip through between
 * the look at the counter and its increase.
 */
@Injectable()
export class LoginThrottle {
  constructor(
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError RATE_LIMITED, saying when to try again, once there were too many failures. */
  async begin(email: string, address: string): Promise<void> {
    const [ofAccount, ofAddress] = await this.count(accountKey(email), addressKey(address));
    await this.refuse(ofAccount, MAX_FAILURES_PER_ACCOUNT, 'account', address);
    await this.refuse(ofAddress, MAX_FAILURES_PER_ADDRESS, 'address', address);
  }

  /** Takes the attempt back: it was no failure, and the account's earlier ones are forgiven. */
  async succeed(email: string, address: string): Promise<void> {
    await this.forgive(email);
    await this.manager.decrement(LoginFailure, { key: addressKey(address) }, 'failures', 1);
    await this.manager
      .createQueryBuilder()
      .delete()
      .from(LoginFailure)
      .where(`started_at < now() - make_interval(secs => ${WINDOW_SECONDS})`)
      .execute();
  }

  /** Lifts the lock of an account, as after a reset of its password. */
  async forgive(email: string): Promise<void> {
    await this.manager.delete(LoginFailure, { key: accountKey(email) });
  }

  private async count(...keys: [account: string, address: string]): Promise<[Counter, Counter]> {
    const expired = 'f.started_at < now() - make_interval(secs => $3)';
    const rows: Counter[] = await this.manager.query(
      `INSERT INTO login_failure AS f (key, failures, started_at) VALUES ($1, 1, now()), ($2, 1, now())
       ON CONFLICT (key) DO UPDATE SET
         failures = CASE WHEN ${expired} THEN 1 ELSE least(f.failures + 1, 1000000) END,
         started_at = CASE WHEN ${expired} THEN now() ELSE f.started_at END
       RETURNING key, failures, ceil(extract(epoch FROM started_at - now()) + $3)::int AS "secondsLeft"`,
      [...keys, WINDOW_SECONDS],
    );
    const [ofAccount, ofAddress] = keys.map((key) => rows.find((row) => row.key === key));
    if (!ofAccount || !ofAddress) throw new Error('an upsert answered without its rows');
    return [ofAccount, ofAddress];
  }

  private async refuse(counter: Counter, limit: number, scope: string, address: string): Promise<void> {
    if (counter.failures <= limit) return;
    if (counter.failures === limit + 1) {
      const details = { scope, seconds: counter.secondsLeft };
      await this.audit.record(this.manager, { actor: { address }, action: 'login.locked', details });
    }
    const minutes = Math.ceil(counter.secondsLeft / 60);
    throw new AppError('RATE_LIMITED', `Too many failed attempts. Try again in ${minutes} min.`, {
      retryAfterSeconds: counter.secondsLeft,
    });
  }
}

/** Hashed: what was typed into the field may be anything, a password among others. */
function accountKey(email: string): string {
  return `account ${hashed(email)}`;
}

/** One household or machine commands a whole /64 of IPv6, so that counts as one address. */
function addressKey(address: string): string {
  // Some proxies forward a name or something of their own, of any length.
  if (!ipaddr.isValid(address)) return `address ${hashed(address)}`;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return `address ${parsed.toString()}`;
  const network = parsed.toByteArray().slice(0, 8);
  return `address ${Buffer.from(network).toString('hex')}/64`;
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
