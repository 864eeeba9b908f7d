import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager, IsNull, MoreThan } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { AuditService } from '../audit/audit.service.js';
import { hashToken, newToken } from '../credentials/opaque-token.js';
import type { Principal } from '../principal.js';
import { UsersService } from '../users/users.service.js';
import { Invitation } from './invitation.entity.js';
import { PasswordReset } from './password-reset.entity.js';

const DAY_MS = 86_400_000;
const INVITATION_LIFETIME_MS = 7 * DAY_MS;
const RESET_LIFETIME_MS = DAY_MS;

/** A token that is shown once and good for one use. */
export interface OneTimeToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** One-time tokens that administrators hand to people: to register, or to choose a new password. */
@Injectable()
export class InvitationsService {
  constructor(
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
    private readonly users: UsersService,
  ) {}

  /** @param email normalised; null makes an invitation that is good for any address. */
  async invite(actor: Principal, email: string | null): Promise<OneTimeToken> {
    const token = newToken();
    const id = uuidv7();
    const expiresAt = new Date(Date.now() + INVITATION_LIFETIME_MS);
    await this.manager.transaction(async (manager) => {
      const tokenHash = hashToken(token);
      await manager.insert(Invitation, { id, tokenHash, email, createdBy: actor.userId, expiresAt });
      await this.audit.record(manager, { actor, action: 'invitation.created', subject: { kind: 'invitation', id } });
    });
    return { token, expiresAt };
  }

  /**
   * Uses up an invitation in the transaction of a registration.
   * @throws AppError FORBIDDEN if it is unknown, used, expired or for somebody else; it stays as it was then.
   */
  async accept(manager: EntityManager, token: string, email: string): Promise<void> {
    const { affected } = await manager.update(
      Invitation,
      [
        { tokenHash: hashToken(token), usedAt: IsNull(), expiresAt: MoreThan(new Date()), email: IsNull() },
        { tokenHash: hashToken(token), usedAt: IsNull(), expiresAt: MoreThan(new Date()), email },
      ],
      { usedAt: () => 'now()' },
    );
    if (affected) return;
    throw new AppError(
      'FORBIDDEN',
      'This invitation is used, expired, or meant for another address. Ask an administrator for a new one.',
    );
  }

  /** Replaces an earlier reset of the same user that was not used. */
  async allowReset(actor: Principal, userId: string): Promise<OneTimeToken> {
    await this.users.get(userId);
    const token = newToken();
    const expiresAt = new Date(Date.now() + RESET_LIFETIME_MS);
    await this.manager.transaction(async (manager) => {
      await manager.upsert(PasswordReset, { tokenHash: hashToken(token), userId, expiresAt }, ['userId']);
      const subject = { kind: 'user', id: userId };
      await this.audit.record(manager, { actor, action: 'password_reset.created', subject });
    });
    return { token, expiresAt };
  }

  /**
   * Uses up a reset in the transaction of `manager`.
   * @returns the id of the user whose password may be set.
   * @throws AppError FORBIDDEN if it is unknown, used or expired.
   */
  async acceptReset(manager: EntityManager, token: string): Promise<string> {
    const tokenHash = hashToken(token);
    const reset = await manager.findOneBy(PasswordReset, { tokenHash, expiresAt: MoreThan(new Date()) });
    const { affected } = await manager.delete(PasswordReset, { tokenHash });
    if (reset && affected) return reset.userId;
    throw new AppError('FORBIDDEN', 'This reset is used or expired. Ask an administrator for a new one.');
  }
}
