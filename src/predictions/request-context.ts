import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.js';
import { callerOf } from './caller.js';
import type { LoggedAs } from './prediction-rows.js';

/** Who asked, in which request. */
export interface RequestContext {
  readonly principal: Principal;
  readonly requestId: string;
  /** Requests of a caller with the same key are one and the same. */
  readonly idempotencyKey?: string | undefined;
}

/** The context of a REST request. Its header is the one of the IETF's draft, `Idempotency-Key`. */
export function contextOf(request: FastifyRequest, principal: Principal): RequestContext {
  return { principal, requestId: request.id, idempotencyKey: idempotencyKeyOf(request) };
}

export function loggedAs({ principal, requestId }: RequestContext): LoggedAs {
  const { kind, id } = callerOf(principal);
  return { callerKind: kind, callerId: id, requestId };
}

export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  return Array.isArray(key) ? key.join() : key;
}
