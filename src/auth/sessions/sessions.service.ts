import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager, IsNull, MoreThan, Not } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { Page, PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { AuditService } from '../audit/audit.service.js';
import type { Client } from '../client.js';
import { hashToken, newToken } from '../credentials/opaque-token.js';
import { KnownCaller, RecentPrincipals } from '../credentials/recent-principals.js';
import type { Principal } from '../principal.js';
import { User } from '../users/user.entity.js';
import { RefreshToken } from './refresh-token.entity.js';
import { Session } from './session.entity.js';

/** A session that nobody refreshes for this long ends. */
const IDLE_DAYS = 30;
/** After this time even a busy session ends, and the user logs in again. */
const LONGEST_DAYS = 90;

/** A session with a fresh refresh token. */
export interface OpenSession {
  readonly sessionId: string;
  readonly user: User;
  readonly refreshToken: string;
}

/** What became of a refresh token that somebody presented. */
type Refreshed =
  | { readonly kind: 'rotated'; readonly session: OpenSession }
  | { readonly kind: 'refused' | 'overtaken' }
  | { readonly kind: 'reused' };

interface PresentedToken {
  readonly sessionId: string;
  readonly userId: string;
  readonly isUsed: boolean;
  readonly isOvertaken: boolean;
}

@Injectable()
export class SessionsService {
  constructor(
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
    private readonly recent: RecentPrincipals,
  ) {}

  /** Opens a session in the transaction of `manager`, and clears away the user's dead ones. */
  async open(manager: EntityManager, user: User, client: Client): Promise<OpenSession> {
    await manager
      .createQueryBuilder()
      .delete()
      .from(Session)
      .where('user_id = :userId', { userId: user.id })
      .andWhere(`least(expires_at, revoked_at) < now() - interval '1 day'`)
      .execute();
    const sessionId = uuidv7();
    await manager
      .createQueryBuilder()
      .insert()
      .into(Session)
      .values({
        id: sessionId,
        userId: user.id,
        ...client,
        expiresAt: () => `now() + interval '${IDLE_DAYS} days'`,
      })
      .execute();
    return { sessionId, user, refreshToken: await this.addToken(manager, sessionId) };
  }

  /**
   * Exchanges a refresh token for the next one. A token that was used before ends its session: either the thief or the
   * owner holds a copy, and we can't tell which. The exception is a token that two requests in flight present at the
   * same time, as two tabs of a browser do: one wins, and the loser is refused without harm to the winner. There is no
   * grace period beyond that, since a thief would profit from it.
   * @throws AppError UNAUTHENTICATED or CONFLICT
   */
  async refresh(token: string, client: Client): Promise<OpenSession> {
    const arrived = performance.now();
    const outcome = await this.manager.transaction((manager) => this.rotate(manager, token, client, arrived));
    switch (outcome.kind) {
      case 'rotated':
        return outcome.session;
      case 'overtaken':
        throw new AppError('CONFLICT', 'Another request is using this refresh token right now. Use the one it gets.');
      case 'reused':
        this.recent.forget();
        throw new AppError(
          'UNAUTHENTICATED',
          'This refresh token was used before, so its session has been ended for safety. Log in again.',
        );
      case 'refused':
        throw new AppError('UNAUTHENTICATED', 'This refresh token is unknown or its session has ended. Log in again.');
    }
  }

  /** The caller behind a session, or null if the session or its user may not act any more. */
  async findCaller(sessionId: string): Promise<KnownCaller | null> {
    const user = await this.manager
      .createQueryBuilder(User, 'user')
      .innerJoin(Session, 'session', 'session.userId = user.id')
      .where('session.id = :sessionId', { sessionId })
      .andWhere('session.revokedAt IS NULL AND session.expiresAt > now() AND user.disabledAt IS NULL')
      .getOne();
    if (!user) return null;
    return {
      userId: user.id,
      role: user.role,
      canPromote: user.role === 'ADMIN' || user.canPromote,
      models: null,
      credential: { kind: 'SESSION', id: sessionId },
    };
  }

  list(principal: Principal, page: PageArgs): Promise<Page<Session>> {
    const query = this.manager
      .createQueryBuilder(Session, 'session')
      .where({ userId: principal.userId, revokedAt: IsNull(), expiresAt: MoreThan(new Date()) });
    return paginate(query, 'session', page);
  }

  /** @throws AppError NOT_FOUND for a session that is over, or somebody else's. */
  async revoke(principal: Principal, sessionId: string): Promise<void> {
    await this.manager.transaction(async (manager) => {
      const { affected } = await manager.update(
        Session,
        { id: sessionId, userId: principal.userId, revokedAt: IsNull() },
        { revokedAt: () => 'now()' },
      );
      if (!affected) throw new AppError('NOT_FOUND', 'You have no such session. `sessions` lists yours.');
      const subject = { kind: 'session', id: sessionId };
      await this.audit.record(manager, { actor: principal, action: 'session.revoked', subject });
    });
    this.recent.forget();
  }

  /** Ends all sessions of a user in the transaction of `manager`; the caller forgets recent principals after it. */
  async revokeAll(manager: EntityManager, userId: string, exceptId?: string): Promise<number> {
    const { affected } = await manager.update(
      Session,
      { userId, revokedAt: IsNull(), ...(exceptId !== undefined && { id: Not(exceptId) }) },
      { revokedAt: () => 'now()' },
    );
    return affected ?? 0;
  }

  private async rotate(manager: EntityManager, token: string, client: Client, arrived: number): Promise<Refreshed> {
    const hash = hashToken(token);
    const presented = await this.lockToken(manager, hash, performance.now() - arrived);
    if (!presented) return { kind: 'refused' };
    if (presented.isOvertaken) return { kind: 'overtaken' };
    if (presented.isUsed) return this.endReused(manager, presented, client);
    const user = await this.prolong(manager, presented);
    if (!user) return { kind: 'refused' };
    const refreshToken = await this.addToken(manager, presented.sessionId);
    await manager.update(RefreshToken, { hash }, { usedAt: () => 'clock_timestamp()' });
    return { kind: 'rotated', session: { sessionId: presented.sessionId, user, refreshToken } };
  }

  /**
   * Waits for a request that uses the same token, and says whether the token was used after this request had arrived.
   * @param waitedMs how long ago the request arrived: the times compared are then both the database's.
   */
  private async lockToken(manager: EntityManager, hash: Buffer, waitedMs: number): Promise<PresentedToken | undefined> {
    const rows: PresentedToken[] = await manager.query(
      `SELECT t.session_id AS "sessionId", s.user_id AS "userId", t.used_at IS NOT NULL AS "isUsed",
         coalesce(t.used_at > statement_timestamp() - make_interval(secs => $2), false) AS "isOvertaken"
       FROM refresh_token t JOIN session s ON s.id = t.session_id
       WHERE t.hash = $1 FOR UPDATE OF t`,
      [hash, waitedMs / 1000],
    );
    return rows[0];
  }

  private async endReused(manager: EntityManager, token: PresentedToken, client: Client): Promise<Refreshed> {
    const { affected } = await manager.update(
      Session,
      { id: token.sessionId, revokedAt: IsNull() },
      { revokedAt: () => 'now()' },
    );
    if (!affected) return { kind: 'refused' };
    await this.audit.record(manager, {
      actor: { address: client.address },
      action: 'session.refresh_token_reused',
      subject: { kind: 'session', id: token.sessionId },
      details: { userId: token.userId },
    });
    return { kind: 'reused' };
  }

  /** The user of the session if both may go on. */
  private async prolong(manager: EntityManager, { sessionId, userId }: PresentedToken): Promise<User | null> {
    const user = await manager.findOneBy(User, { id: userId, disabledAt: IsNull() });
    if (!user) return null;
    const { affected } = await manager
      .createQueryBuilder()
      .update(Session)
      .set({
        lastUsedAt: () => 'now()',
        expiresAt: () => `least(now() + interval '${IDLE_DAYS} days', created_at + interval '${LONGEST_DAYS} days')`,
      })
      .where('id = :sessionId AND revoked_at IS NULL AND expires_at > now()', { sessionId })
      .execute();
    return affected ? user : null;
  }

  private async addToken(manager: EntityManager, sessionId: string): Promise<string> {
    const token = newToken();
    await manager.insert(RefreshToken, { hash: hashToken(token), sessionId });
    return token;
  }
}
