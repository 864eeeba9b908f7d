import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CallerCheck } from '../platform/http/caller-check.js';
import { AccessGuard } from './access.guard.js';
import { AccountsResolver } from './accounts/accounts.resolver.js';
import { Invitation } from './accounts/invitation.entity.js';
import { InvitationsService } from './accounts/invitations.service.js';
import { LoginFailure } from './accounts/login-failure.entity.js';
import { LoginThrottle } from './accounts/login-throttle.js';
import { LoginService } from './accounts/login.service.js';
import { PasswordHashes } from './accounts/password-hash.js';
import { PasswordReset } from './accounts/password-reset.entity.js';
import { RegistrationService } from './accounts/registration.service.js';
import { ApiKey } from './api-keys/api-key.entity.js';
import { ApiKeysResolver } from './api-keys/api-keys.resolver.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AuditEvent } from './audit/audit-event.entity.js';
import { AuditResolver } from './audit/audit.resolver.js';
import { AuditService } from './audit/audit.service.js';
import { AccessTokens, SigningKey } from './credentials/access-token.js';
import { AccessTokenStrategy } from './credentials/access-token.strategy.js';
import { ApiKeyStrategy } from './credentials/api-key.strategy.js';
import { PassportCallerCheck } from './credentials/passport-caller-check.js';
import { RecentPrincipals } from './credentials/recent-principals.js';
import { VerifiedTokens } from './credentials/verified-tokens.js';
import { RefreshToken } from './sessions/refresh-token.entity.js';
import { Session } from './sessions/session.entity.js';
import { SessionsResolver } from './sessions/sessions.resolver.js';
import { SessionsService } from './sessions/sessions.service.js';
import { User } from './users/user.entity.js';
import { UsersResolver } from './users/users.resolver.js';
import { UsersService } from './users/users.service.js';

const ENTITIES = [User, Session, RefreshToken, ApiKey, Invitation, PasswordReset, LoginFailure, AuditEvent];

/** The guard that every handler of every role stands behind, and what it needs. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature(ENTITIES), JwtModule.register({})],
  providers: [
    AccessGuard,
    { provide: APP_GUARD, useExisting: AccessGuard },
    SigningKey,
    AccessTokens,
    AccessTokenStrategy,
    ApiKeyStrategy,
    RecentPrincipals,
    VerifiedTokens,
    { provide: CallerCheck, useClass: PassportCallerCheck },
    AuditService,
    SessionsService,
    ApiKeysService,
    UsersService,
    InvitationsService,
    RegistrationService,
    LoginService,
    LoginThrottle,
    PasswordHashes,
  ],
  exports: [
    AccessGuard,
    CallerCheck,
    AuditService,
    SessionsService,
    ApiKeysService,
    UsersService,
    InvitationsService,
    RegistrationService,
    LoginService,
    AccessTokens,
  ],
})
export class AuthModule {}

/** Accounts, users, sessions, API keys and the audit log in GraphQL. */
@Module({ providers: [AccountsResolver, UsersResolver, SessionsResolver, ApiKeysResolver, AuditResolver] })
export class AuthApiModule {}
