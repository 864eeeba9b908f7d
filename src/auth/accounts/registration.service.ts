import { Inject, Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { AuditService } from '../audit/audit.service.js';
import type { Client } from '../client.js';
import type { Role } from '../principal.js';
import { OpenSession, SessionsService } from '../sessions/sessions.service.js';
import { lockAdministrators } from '../users/administrators.js';
import { User } from '../users/user.entity.js';
import { InvitationsService } from './invitations.service.js';
import { LoginThrottle } from './login-throttle.js';
import { PasswordHashes } from './password-hash.js';
import { requireGoodPassword } from './password-rules.js';

/** A person who wants an account; the address is normalised. */
export interface Applicant {
  readonly email: string;
  readonly password: string;
  readonly invitation?: string;
}

/** How accounts come into being. */
@Injectable()
export class RegistrationService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectEntityManager() private readonly manager: EntityManager,
    private readonly audit: AuditService,
    private readonly sessions: SessionsService,
    private readonly invitations: InvitationsService,
    private readonly hashes: PasswordHashes,
    private readonly throttle: LoginThrottle,
  ) {}

  /**
   * @throws AppError FORBIDDEN by the registration policy, CONFLICT for a known address, BAD_INPUT for a weak password,
   * RATE_LIMITED after too many of these.
   */
  async register(applicant: Applicant, client: Client): Promise<OpenSession> {
    this.requirePermission(applicant);
    requireGoodPassword(applicant.password, applicant.email);
    await this.throttle.begin(applicant.email, client.address);
    const passwordHash = await this.hashes.create(applicant.password);
    const session = await this.manager.transaction(async (manager) => {
      if (applicant.invitation !== undefined) {
        await this.invitations.accept(manager, applicant.invitation, applicant.email);
      }
      const role = await this.firstRole(manager);
      const user = await this.addUser(manager, applicant.email, passwordHash, role);
      const actor = { userId: user.id, address: client.address };
      const subject = { kind: 'user', id: user.id };
      await this.audit.record(manager, { actor, action: 'user.registered', subject, details: { role } });
      return this.sessions.open(manager, user, client);
    });
    await this.throttle.succeed(applicant.email, client.address);
    return session;
  }

  /**
   * Adds an administrator on behalf of whoever runs the program on its machine.
   * @throws AppError CONFLICT for a known address, BAD_INPUT for a weak password.
   */
  async createAdministrator(email: string, password: string): Promise<User> {
    requireGoodPassword(password, email);
    const passwordHash = await this.hashes.create(password);
    return this.manager.transaction(async (manager) => {
      await lockAdministrators(manager);
      const user = await this.addUser(manager, email, passwordHash, 'ADMIN');
      const subject = { kind: 'user', id: user.id };
      await this.audit.record(manager, { actor: null, action: 'user.administrator_created', subject });
      return user;
    });
  }

  private requirePermission({ invitation }: Applicant): void {
    const policy = this.config.REGISTRATION;
    if (policy === 'closed') {
      throw new AppError('FORBIDDEN', 'Nobody can register here. Ask an administrator to open registration.');
    }
    if (policy === 'invite' && invitation === undefined) {
      throw new AppError('FORBIDDEN', 'Registration needs an invitation. Ask an administrator for one.');
    }
  }

  /** Whoever comes first to an empty embedded installation runs it. A server's first comes from `create-admin`. */
  private async firstRole(manager: EntityManager): Promise<Role> {
    if (!this.config.embedded) return 'VIEWER';
    await lockAdministrators(manager);
    return (await manager.exists(User)) ? 'VIEWER' : 'ADMIN';
  }

  private async addUser(manager: EntityManager, email: string, passwordHash: string, role: Role): Promise<User> {
    const { raw } = (await manager
      .createQueryBuilder()
      .insert()
      .into(User)
      .values({ id: uuidv7(), email, passwordHash, role, canPromote: false })
      .orIgnore()
      .returning('id')
      .execute()) as { raw: { id: string }[] };
    const [row] = raw;
    if (!row) throw new AppError('CONFLICT', 'There is an account with this e-mail address already. Log in instead.');
    return manager.findOneByOrFail(User, { id: row.id });
  }
}
