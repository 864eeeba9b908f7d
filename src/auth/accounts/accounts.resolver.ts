import { Args, ID, Mutation, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { Public } from '../../platform/http/public.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { CurrentPrincipal, RequireRole, RequireSession } from '../access.js';
import { type Client, CurrentClient } from '../client.js';
import { AccessTokens } from '../credentials/access-token.js';
import type { Principal } from '../principal.js';
import { OpenSession, SessionsService } from '../sessions/sessions.service.js';
import { idSchema, toUserType } from '../users/user.types.js';
import {
  AuthPayload,
  ChangePasswordInput,
  changePasswordSchema,
  CreateInvitationInput,
  createInvitationSchema,
  LoginInput,
  loginSchema,
  OneTimeTokenType,
  RefreshInput,
  refreshSchema,
  RegisterInput,
  registerSchema,
  ResetPasswordInput,
  resetPasswordSchema,
} from './account.types.js';
import { InvitationsService, OneTimeToken } from './invitations.service.js';
import { LoginService } from './login.service.js';
import { RegistrationService } from './registration.service.js';

@Resolver()
export class AccountsResolver {
  constructor(
    private readonly registration: RegistrationService,
    private readonly logins: LoginService,
    private readonly invitations: InvitationsService,
    private readonly sessions: SessionsService,
    private readonly accessTokens: AccessTokens,
  ) {}

  @Mutation(() => AuthPayload, { description: 'Makes an account with the role VIEWER and logs in.' })
  @Public()
  async register(
    @Args('input', { type: () => RegisterInput }, new ZodPipe(registerSchema)) input: z.output<typeof registerSchema>,
    @CurrentClient() client: Client,
  ): Promise<AuthPayload> {
    return this.payload(await this.registration.register(input, client));
  }

  @Mutation(() => AuthPayload)
  @Public()
  async login(
    @Args('input', new ZodPipe(loginSchema)) { email, password }: LoginInput,
    @CurrentClient() client: Client,
  ): Promise<AuthPayload> {
    return this.payload(await this.logins.login(email, password, client));
  }

  @Mutation(() => AuthPayload, {
    description: 'Gives a new access token and the next refresh token. Using a refresh token twice ends its session.',
  })
  @Public()
  async refresh(
    @Args('input', new ZodPipe(refreshSchema)) { refreshToken }: RefreshInput,
    @CurrentClient() client: Client,
  ): Promise<AuthPayload> {
    return this.payload(await this.sessions.refresh(refreshToken, client));
  }

  @Mutation(() => Boolean, { description: 'Ends the session of this request, within 5 seconds on every replica.' })
  @RequireSession()
  async logout(@CurrentPrincipal() principal: Principal): Promise<boolean> {
    await this.logins.logout(principal);
    return true;
  }

  @Mutation(() => Boolean, { description: 'Ends all your other sessions as well. API keys stay.' })
  @RequireSession()
  async changePassword(
    @CurrentPrincipal() principal: Principal,
    @Args('input', new ZodPipe(changePasswordSchema)) { current, next }: ChangePasswordInput,
  ): Promise<boolean> {
    await this.logins.changePassword(principal, current, next);
    return true;
  }

  @Mutation(() => OneTimeTokenType, { description: 'For `register`; good for 7 days.' })
  @RequireRole('ADMIN', { sessionOnly: true })
  createInvitation(
    @CurrentPrincipal() principal: Principal,
    @Args('input', new ZodPipe(createInvitationSchema)) { email }: CreateInvitationInput,
  ): Promise<OneTimeToken> {
    return this.invitations.invite(principal, email ?? null);
  }

  @Mutation(() => OneTimeTokenType, { description: 'For `resetPassword`; good for a day. Replaces an earlier one.' })
  @RequireRole('ADMIN', { sessionOnly: true })
  createPasswordReset(
    @CurrentPrincipal() principal: Principal,
    @Args('userId', { type: () => ID }, new ZodPipe(idSchema)) userId: string,
  ): Promise<OneTimeToken> {
    return this.invitations.allowReset(principal, userId);
  }

  @Mutation(() => Boolean, { description: 'Sets a new password and ends all sessions of the user.' })
  @Public()
  async resetPassword(
    @Args('input', new ZodPipe(resetPasswordSchema)) { token, password }: ResetPasswordInput,
    @CurrentClient() client: Client,
  ): Promise<boolean> {
    await this.logins.resetPassword(token, password, client);
    return true;
  }

  private async payload({ sessionId, user, refreshToken }: OpenSession): Promise<AuthPayload> {
    const { token, expiresAt } = await this.accessTokens.issue(user.id, sessionId);
    return { accessToken: token, refreshToken, expiresAt, user: toUserType(user) };
  }
}
