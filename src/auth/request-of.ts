import type { ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/** A request after the guard has looked at it. */
export interface AuthenticatedRequest extends FastifyRequest {
  principal?: Principal;
}

/** The HTTP request behind a REST handler or a GraphQL field. */
export function requestOf(context: ExecutionContext): AuthenticatedRequest {
  if (context.getType<string>() !== 'graphql') return context.switchToHttp().getRequest<AuthenticatedRequest>();
  return GqlExecutionContext.create(context).getContext<{ request: AuthenticatedRequest }>().request;
}
