import { createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { ACCESS_METADATA } from '../platform/http/public.js';
import type { Principal, Role } from './principal.js';
import { requestOf } from './request-of.js';

/**
 * What a handler demands of its caller: `@Public()` of `platform/http`, or one of the decorators below. A handler that
 * declares nothing is refused to everybody.
 */
export type AccessRule =
  | { readonly kind: 'public' }
  | { readonly kind: 'role'; readonly role: Role; readonly sessionOnly?: boolean }
  | { readonly kind: 'promotion' };

/**
 * Open to callers with this role or a higher one. With `sessionOnly` not to API keys: a leaked key of an administrator
 * must not be able to make accounts, take them over, or give itself a way back in.
 */
export const RequireRole = (role: Role, { sessionOnly = false }: { readonly sessionOnly?: boolean } = {}) =>
  SetMetadata<string, AccessRule>(ACCESS_METADATA, { kind: 'role', role, sessionOnly });

/** Open to engineers and administrators who have the right to promote. */
export const RequirePromotion = () => SetMetadata<string, AccessRule>(ACCESS_METADATA, { kind: 'promotion' });

/** Open to everybody who is logged in, but not to API keys: a leaked key must not be able to make itself at home. */
export const RequireSession = () => RequireRole('VIEWER', { sessionOnly: true });

/** Parameter decorator: the caller, on handlers that demand a role. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = requestOf(context);
  if (!principal) throw new AppError('INTERNAL', 'CurrentPrincipal stands on a handler that is open to everybody.');
  return principal;
});
