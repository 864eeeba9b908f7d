import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager, IsNull } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { AuditService } from '../audit/audit.service.js';
import type { Client } from '../client.js';
import { RecentPrincipals } from '../credentials/recent-principals.js';
import type { Principal } from '../principal.js';
import { OpenSession, SessionsService } from '../sessions/sessions.service.js';
import { User } from '../users/user.entity.js';
import { InvitationsService } from './invitations.service.js';
import { LoginThrottle } from './login-throttle.js';
import { isOutdated, PasswordHashes } from './password-hash.js';
import { requireGoodPassword } from './password-rules.js';

/** Signing in with a password, and changing it. */
@Injectable()
export class LoginService {
  constructor(
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
    private readonly sessions: SessionsService,
    private readonly invitations: InvitationsService,
    private readonly hashes: PasswordHashes,
    private readonly throttle: LoginThrottle,
    private readonly recent: RecentPrincipals,
  ) {}

  /**
   * @param email normalised.
   * @throws AppError UNAUTHENTICATED without saying whether the account exists; FORBIDDEN for a disabled one whose
   * password was right; RATE_LIMITED.
   */
  async login(email: string, password: string, client: Client): Promise<OpenSession> {
    await this.throttle.begin(email, client.address);
    const user = await this.manager.findOneBy(User, { email });
    const isRight = await this.hashes.matches(user?.passwordHash, password);
    if (!user || !isRight) return this.refuse(user, client);
    await this.throttle.succeed(email, client.address);
    if (user.disabledAt) throw new AppError('FORBIDDEN', 'This account is disabled. Ask an administrator.');
    const renewedHash = isOutdated(user.passwordHash) ? await this.hashes.create(password) : undefined;
    return this.manager.transaction(async (manager) => {
      await this.requireUnchanged(manager, user);
      if (renewedHash !== undefined) await manager.update(User, { id: user.id }, { passwordHash: renewedHash });
      const session = await this.sessions.open(manager, user, client);
      const credential = { kind: 'SESSION', id: session.sessionId } as const;
      const actor = { userId: user.id, address: client.address, credential };
      await this.audit.record(manager, { actor, action: 'session.opened' });
      return session;
    });
  }

  async logout(principal: Principal): Promise<void> {
    await this.sessions.revoke(principal, principal.credential.id);
  }

  /** Ends all other sessions of the caller. API keys stay: programs don't use the password. */
  async changePassword(principal: Principal, current: string, next: string): Promise<void> {
    const user = await this.manager.findOneByOrFail(User, { id: principal.userId });
    requireGoodPassword(next, user.email);
    await this.throttle.begin(user.email, principal.address);
    if (!(await this.hashes.matches(user.passwordHash, current))) {
      throw new AppError('BAD_INPUT', 'The current password is wrong.', { field: 'current' });
    }
    await this.throttle.succeed(user.email, principal.address);
    const passwordHash = await this.hashes.create(next);
    await this.manager.transaction(async (manager) => {
      await this.requireUnchanged(manager, user);
      await manager.update(User, { id: user.id }, { passwordHash });
      const endedSessions = await this.sessions.revokeAll(manager, user.id, principal.credential.id);
      const subject = { kind: 'user', id: user.id };
      const details = { endedSessions };
      await this.audit.record(manager, { actor: principal, action: 'user.password_changed', subject, details });
    });
    this.recent.forget();
  }

  /** Sets a password by a reset that an administrator gave, and ends all sessions of the user. */
  async resetPassword(token: string, password: string, client: Client): Promise<void> {
    const email = await this.manager.transaction(async (manager) => {
      const userId = await this.invitations.acceptReset(manager, token);
      const user = await manager.findOneByOrFail(User, { id: userId });
      requireGoodPassword(password, user.email);
      await manager.update(User, { id: userId }, { passwordHash: await this.hashes.create(password) });
      await this.sessions.revokeAll(manager, userId);
      const actor = { userId, address: client.address };
      await this.audit.record(manager, { actor, action: 'user.password_reset', subject: { kind: 'user', id: userId } });
      return user.email;
    });
    this.recent.forget();
    await this.throttle.forgive(email);
  }

  private async refuse(user: User | null, { address }: Client): Promise<never> {
    const subject = user ? { kind: 'user', id: user.id } : undefined;
    await this.audit.record(this.manager, { actor: { address }, action: 'login.failed', subject });
    throw new AppError('UNAUTHENTICATED', 'The e-mail address or the password is wrong.');
  }

  /** Between the check of the password and now, the user may have been deleted or disabled, or the password changed. */
  private async requireUnchanged(manager: EntityManager, { id, passwordHash }: User): Promise<void> {
    const same = await manager.findOne(User, {
      where: { id, passwordHash, disabledAt: IsNull() },
      lock: { mode: 'pessimistic_write' },
    });
    if (!same) throw new AppError('CONFLICT', 'The account has changed in this very moment. Try again.');
  }
}
