import { Logger } from '@nestjs/common';
import { GraphQLError } from 'graphql';
import { isForTheLog, toPublicError } from './public-error.js';

const logger = new Logger('GraphQL');

export interface ErrorFormat {
  readonly requestId: string;
  /** Keep "Did you mean …", which names parts of the schema that introspection may hide. */
  readonly suggestions: boolean;
}

/** Rewrites one GraphQL error for clients: `extensions.code` from the table, internals masked, request id added. */
export function formatGraphqlError(error: GraphQLError, { requestId, suggestions }: ErrorFormat): GraphQLError {
  const options = { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path };
  if (isDocumentError(error)) {
    const message = suggestions ? error.message : error.message.replace(/ Did you mean .*\?$/s, '');
    return new GraphQLError(message, { ...options, extensions: { code: 'BAD_INPUT', requestId } });
  }
  const cause = error.originalError;
  if (isForTheLog(cause)) logger.error({ err: cause, requestId, path: error.path }, 'request failed');
  const { code, message, details } = toPublicError(cause);
  return new GraphQLError(message, { ...options, extensions: { code, requestId, ...(details && { details }) } });
}

/** Any error as one of GraphQL; its own text and code stay with the original. */
export function toGraphqlError(error: Error): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError(error.message, { originalError: error });
}

/**
 * True for a mistake in the document or its variables, which graphql-js itself reports. While fields are resolved it
 * reports our own mistakes in the same class of error, as results that do not fit the schema; only those that point
 * into the document (`nodes`) are the client's.
 */
export function isDocumentError({ originalError: cause, path }: GraphQLError): boolean {
  if (!cause) return true;
  return cause instanceof GraphQLError && (path === undefined || cause.nodes !== undefined);
}
