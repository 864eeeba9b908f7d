import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { Page, PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { AuditService } from '../audit/audit.service.js';
import { RecentPrincipals } from '../credentials/recent-principals.js';
import type { Principal, Role } from '../principal.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { isActiveAdministrator, lockAdministrators, requireAnotherAdministrator } from './administrators.js';
import { User } from './user.entity.js';

/** What an administrator changes on a user, and how the audit log calls it. */
interface Change {
  readonly action: string;
  readonly set: Partial<Pick<User, 'role' | 'canPromote' | 'disabledAt'>>;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What administrators do with users. */
@Injectable()
export class UsersService {
  constructor(
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
    private readonly sessions: SessionsService,
    private readonly recent: RecentPrincipals,
  ) {}

  /** @throws AppError NOT_FOUND */
  async get(id: string): Promise<User> {
    return this.require(await this.manager.findOneBy(User, { id }));
  }

  list(page: PageArgs): Promise<Page<User>> {
    return paginate(this.manager.createQueryBuilder(User, 'user'), 'user', page);
  }

  /** @param canPromote undefined leaves the right as it is. */
  setRole(actor: Principal, userId: string, role: Role, canPromote: boolean | undefined): Promise<User> {
    return this.change(actor, userId, (user) => {
      const set = { role, canPromote: canPromote ?? user.canPromote };
      return { action: 'user.role_changed', set, details: { from: user.role, to: role, canPromote: set.canPromote } };
    });
  }

  /** Ends the user's sessions; API keys rest until the user is enabled again. */
  disable(actor: Principal, userId: string): Promise<User> {
    return this.change(actor, userId, (user) => ({
      action: 'user.disabled',
      set: { disabledAt: user.disabledAt ?? new Date() },
    }));
  }

  enable(actor: Principal, userId: string): Promise<User> {
    return this.change(actor, userId, () => ({ action: 'user.enabled', set: { disabledAt: null } }));
  }

  /** Removes the user with all sessions and API keys. The audit log keeps the bare id. */
  async delete(actor: Principal, userId: string): Promise<void> {
    await this.manager.transaction(async (manager) => {
      await lockAdministrators(manager);
      const user = await this.lock(manager, userId);
      if (isActiveAdministrator(user)) await requireAnotherAdministrator(manager, userId);
      await manager.delete(User, { id: userId });
      await this.audit.record(manager, { actor, action: 'user.deleted', subject: { kind: 'user', id: userId } });
    });
    this.recent.forget();
  }

  private async change(actor: Principal, userId: string, decide: (user: User) => Change): Promise<User> {
    const changed = await this.manager.transaction(async (manager) => {
      await lockAdministrators(manager);
      const user = await this.lock(manager, userId);
      const couldAdminister = isActiveAdministrator(user);
      const { action, set, details } = decide(user);
      const after = Object.assign(user, set);
      if (couldAdminister && !isActiveAdministrator(after)) await requireAnotherAdministrator(manager, userId);
      await manager.update(User, { id: userId }, set);
      if (after.disabledAt) await this.sessions.revokeAll(manager, userId);
      await this.audit.record(manager, { actor, action, subject: { kind: 'user', id: userId }, details });
      return after;
    });
    this.recent.forget();
    return changed;
  }

  private async lock(manager: EntityManager, id: string): Promise<User> {
    return this.require(await manager.findOne(User, { where: { id }, lock: { mode: 'pessimistic_write' } }));
  }

  private require(user: User | null): User {
    if (!user) throw new AppError('NOT_FOUND', 'There is no such user. `users` lists them.');
    return user;
  }
}
