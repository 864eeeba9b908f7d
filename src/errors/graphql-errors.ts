import { Logger } from '@nestjs/common';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { HTTP_STATUS } from './error-table.js';
import { isUnexpected, toPublicError } from './public-error.js';

const logger = new Logger('GraphQL');

/** Rewrites one GraphQL error for clients: `extensions.code` from the table, internals masked, request id added. */
export function formatGraphqlError(error: GraphQLError, requestId: string): GraphQLError {
  const cause = error.originalError;
  const options = { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path };
  if (!cause) {
    // Parse and validation errors of the document itself. Suggestions would reveal names that introspection hides.
    const message = error.message.replace(/ Did you mean .*\?$/s, '');
    return new GraphQLError(message, { ...options, extensions: { code: 'BAD_INPUT', requestId } });
  }
  if (isUnexpected(cause)) logger.error({ err: cause, requestId, path: error.path }, 'unexpected error');
  const { code, message, details } = toPublicError(cause);
  return new GraphQLError(message, { ...options, extensions: { code, requestId, ...(details && { details }) } });
}

/**
 * HTTP status of a GraphQL answer: 200 as long as something was resolved (errors stand beside data), otherwise the
 * status of the first error.
 */
export function statusOf(execution: Pick<ExecutionResult, 'data' | 'errors'>): number {
  if (execution.data || !execution.errors?.length) return 200;
  const code = execution.errors[0]?.extensions['code'];
  return typeof code === 'string' && code in HTTP_STATUS ? HTTP_STATUS[code as keyof typeof HTTP_STATUS] : 400;
}
