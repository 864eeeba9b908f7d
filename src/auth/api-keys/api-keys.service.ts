import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager, IsNull } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { Page, PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { AuditService } from '../audit/audit.service.js';
import { newApiKey, prefixOf } from '../credentials/api-key-text.js';
import { hashToken } from '../credentials/opaque-token.js';
import { KnownCaller, RecentPrincipals } from '../credentials/recent-principals.js';
import { hasRole, lowerRole, Principal, Role } from '../principal.js';
import { User } from '../users/user.entity.js';
import { ApiKey } from './api-key.entity.js';

/** What a new key may do. */
export interface ApiKeyScope {
  readonly name: string;
  readonly role: Role;
  readonly canPromote: boolean;
  readonly models: string[] | null;
  readonly expiresAt: Date | null;
}

@Injectable()
export class ApiKeysService {
  constructor(
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
    private readonly recent: RecentPrincipals,
  ) {}

  /**
   * @returns the key itself, for the only time, and its record.
   * @throws AppError FORBIDDEN for a key that could do more than its owner; BAD_INPUT for a scope that makes no sense.
   */
  async create(principal: Principal, scope: ApiKeyScope): Promise<{ secret: string; apiKey: ApiKey }> {
    checkScope(principal, scope);
    const { key, prefix, hash } = newApiKey();
    const id = uuidv7();
    const apiKey = await this.manager.transaction(async (manager) => {
      await manager.insert(ApiKey, { id, userId: principal.userId, prefix, hash, ...scope });
      await this.audit.record(manager, {
        actor: principal,
        action: 'api_key.created',
        subject: { kind: 'api_key', id },
        details: { prefix, role: scope.role, canPromote: scope.canPromote, models: scope.models },
      });
      return manager.findOneByOrFail(ApiKey, { id });
    });
    return { secret: key, apiKey };
  }

  /** The caller's own keys that are not revoked; expired ones are among them. */
  list(principal: Principal, page: PageArgs): Promise<Page<ApiKey>> {
    const query = this.manager
      .createQueryBuilder(ApiKey, 'key')
      .where({ userId: principal.userId, revokedAt: IsNull() });
    return paginate(query, 'key', page);
  }

  /** @throws AppError NOT_FOUND for a key that is revoked already, or somebody else's. */
  async revoke(principal: Principal, id: string): Promise<void> {
    await this.manager.transaction(async (manager) => {
      const { affected } = await manager.update(
        ApiKey,
        { id, userId: principal.userId, revokedAt: IsNull() },
        { revokedAt: () => 'now()' },
      );
      if (!affected) throw new AppError('NOT_FOUND', 'You have no such API key. `apiKeys` lists yours.');
      const subject = { kind: 'api_key', id };
      await this.audit.record(manager, { actor: principal, action: 'api_key.revoked', subject });
    });
    this.recent.forget();
  }

  /** The caller behind a key, or null if the key or its owner may not act (any more). */
  async findCaller(key: string): Promise<KnownCaller | null> {
    const prefix = prefixOf(key);
    if (prefix === undefined) return null;
    const apiKey = await this.manager
      .createQueryBuilder(ApiKey, 'key')
      .where('key.prefix = :prefix AND key.revokedAt IS NULL', { prefix })
      .andWhere('(key.expiresAt IS NULL OR key.expiresAt > now())')
      .getOne();
    if (!apiKey || !timingSafeEqual(apiKey.hash, hashToken(key))) return null;
    const owner = await this.manager.findOneBy(User, { id: apiKey.userId, disabledAt: IsNull() });
    if (!owner) return null;
    await this.noteUse(apiKey.id);
    return callerOf(apiKey, owner);
  }

  /** At most one write a minute, however busy the key. */
  private async noteUse(id: string): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(ApiKey)
      .set({ lastUsedAt: () => 'now()' })
      .where(`id = :id AND coalesce(last_used_at, '-infinity') < now() - interval '1 minute'`, { id })
      .execute();
  }
}

function callerOf(key: ApiKey, owner: User): KnownCaller {
  const role = lowerRole(key.role, owner.role);
  const ownerMayPromote = owner.role === 'ADMIN' || owner.canPromote;
  return {
    userId: owner.id,
    role,
    canPromote: role === 'ADMIN' || (key.canPromote && ownerMayPromote),
    models: key.models,
    credential: { kind: 'API_KEY', id: key.id },
  };
}

function checkScope(principal: Principal, { role, canPromote, models, expiresAt }: ApiKeyScope): void {
  if (!hasRole(principal, role) || (canPromote && !principal.canPromote)) {
    throw new AppError('FORBIDDEN', `A key can do no more than you: your role is ${principal.role}.`);
  }
  if (expiresAt && expiresAt <= new Date()) throw new AppError('BAD_INPUT', 'expiresAt must lie in the future.');
  // Only predictions look at the list of models; with a higher role it would promise what it doesn't keep.
  if (models && hasRole({ role }, 'ENGINEER')) {
    throw new AppError('BAD_INPUT', 'A key for certain models can have the role VIEWER or PREDICTOR only.');
  }
}
