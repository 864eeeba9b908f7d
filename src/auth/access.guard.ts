import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { ACCESS_METADATA } from '../platform/http/public.js';
import type { AccessRule } from './access.js';
import { AccessTokenStrategy } from './credentials/access-token.strategy.js';
import { ApiKeyStrategy, carriesOnlyKey } from './credentials/api-key.strategy.js';
import { hasRole, Principal } from './principal.js';
import { AuthenticatedRequest, requestOf } from './request-of.js';

/** A rule for which somebody has to have signed in. */
type DemandingRule = Exclude<AccessRule, { kind: 'public' }>;

const SIGN_IN = 'Sign in first: send `Authorization: Bearer <access token>` or `X-API-Key: <key>`.';

/**
 * THE guard of GraphQL and REST: finds out who calls, and holds it against the rule of the handler. A handler without a
 * rule is refused to everybody. Fields of a type need no rule of their own: whoever got the parent may see them.
 */
@Injectable()
export class AccessGuard extends AuthGuard(['access-token', 'api-key']) implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly apiKeys: ApiKeyStrategy,
    private readonly accessTokens: AccessTokenStrategy,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_METADATA, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!rule) throw new AppError('FORBIDDEN', 'Nobody may do this: it declares no access rule. Please report it.');
    if (rule.kind === 'public') return true;
    await this.check(context, rule);
    return true;
  }

  /** The same for a route of Fastify's own, without a handler for Nest to ask. */
  admit(request: FastifyRequest, reply: FastifyReply, rule: DemandingRule): Promise<Principal> {
    return this.check(new ExecutionContextHost([request, reply]), rule);
  }

  private async check(context: ExecutionContext, rule: DemandingRule): Promise<Principal> {
    const request = requestOf(context);
    // Anew for every field: a WebSocket's request lives for hours, and a caller found once would outlive a logout.
    if (carriesOnlyKey(request)) await this.identifyByKey(request);
    else if (!(await this.identifyByKnownToken(request))) await super.canActivate(context);
    const { principal } = request;
    if (!principal) throw new AppError('UNAUTHENTICATED', SIGN_IN);
    enforce(rule, principal);
    return principal;
  }

  /** As passport would, without an error first about the access token that is not there. */
  private async identifyByKey(request: AuthenticatedRequest): Promise<void> {
    const principal = await this.apiKeys.validate(request);
    if (principal) request.principal = principal;
    else delete request.principal;
  }

  private async identifyByKnownToken(request: AuthenticatedRequest): Promise<boolean> {
    const principal = await this.accessTokens.validateKnown(request);
    if (principal) request.principal = principal;
    return principal !== undefined;
  }

  override getRequest(context: ExecutionContext): AuthenticatedRequest {
    return requestOf(context);
  }

  override getAuthenticateOptions(): { property: string } {
    return { property: 'principal' };
  }

  /** Called by passport with what the strategies found; `failures` are the reasons of those that found nobody. */
  override handleRequest<User>(error: unknown, user: User | false | undefined, failures: unknown): User {
    if (error) throw error as Error;
    if (user) return user;
    throw new AppError('UNAUTHENTICATED', explain(failures));
  }
}

function explain(failures: unknown): string {
  const [ofToken] = Array.isArray(failures) ? (failures as unknown[]) : [];
  if (!(ofToken instanceof Error) || ofToken.message === 'No auth token') return SIGN_IN;
  if (ofToken.name === 'TokenExpiredError') return 'The access token has expired. Call `refresh`, or log in again.';
  return 'The access token is not valid. Log in again.';
}

function enforce(rule: DemandingRule, principal: Principal): void {
  if (rule.kind === 'promotion') {
    if (hasRole(principal, 'ENGINEER') && principal.canPromote) return;
    throw new AppError('FORBIDDEN', 'This needs the right to promote. Ask an administrator for it.');
  }
  if (!hasRole(principal, rule.role)) {
    throw new AppError(
      'FORBIDDEN',
      `This needs the role ${rule.role}; yours is ${principal.role}. Ask an administrator.`,
    );
  }
  if (rule.sessionOnly && principal.credential.kind !== 'SESSION') {
    throw new AppError('FORBIDDEN', 'An API key cannot do this: log in with e-mail and password.');
  }
}
