import { MethodNotAllowedException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode, getOperationAST, parse, type DocumentNode } from 'graphql';
import type { MercuriusOptions } from 'mercurius';
import { AppError } from '../../errors/app-error.js';
import type { LiveConnections } from './live-connections.js';
import { MAX_TOKENS } from './query-limits.js';

const GRAPHQL_RESPONSE = 'application/graphql-response+json';

/** A page of another origin can't send one of these without asking first (CORS preflight), which is never granted. */
const PREFLIGHT_HEADERS = ['x-mercurius-operation-name', 'mercurius-require-preflight'];

/** What GraphQL over HTTP asks of the path `/graphql`, where Mercurius differs or leaves a choice. */
export const routeOptions = (connections: LiveConnections): MercuriusOptions['additionalRouteOptions'] => ({
  preParsing: (request, _reply, payload, done) => {
    if (!isWebSocket(request)) refuseForgeable(request);
    done(null, payload);
  },
  preValidation: (request, reply, done) => {
    if (isWebSocket(request)) connections.admit(request);
    else if (request.method === 'POST') checkBody(request.body);
    else checkQuery(request.query, reply);
    done();
  },
  // Not earlier: Fastify forgets the media type when it answers an error.
  onSend: (request, reply, payload, done) => {
    reply.type(`${wantsGraphqlResponse(request) ? GRAPHQL_RESPONSE : 'application/json'}; charset=utf-8`);
    done(null, payload);
  },
  // Mercurius's own answer schema would turn the list positions of an error's path into strings.
  serializerCompiler: () => (answer) => JSON.stringify(answer),
});

/** True if the client prefers the media type whose answers have HTTP statuses even for mistakes in a document. */
export function wantsGraphqlResponse({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers.accept?.includes(GRAPHQL_RESPONSE) ?? false;
}

/** Refuses what a browser sends for any page: a GET, or a POST of the media types of forms (CSRF). */
function refuseForgeable({ method, headers }: FastifyRequest): void {
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (method === 'POST' && mediaType !== 'application/json') {
    throw new UnsupportedMediaTypeException('Send GraphQL as JSON, with the header `content-type: application/json`.');
  }
  if (method !== 'POST' && !PREFLIGHT_HEADERS.some((name) => name in headers)) {
    throw new AppError(
      'BAD_INPUT',
      'Send GraphQL as POST. A GET needs the header `mercurius-require-preflight: 1`, because any web page could make a browser send a plain one.',
    );
  }
}

function checkBody(body: unknown): void {
  if (Array.isArray(body)) throw new AppError('BAD_INPUT', 'Send one operation per request: batches are not accepted.');
  refuseWithoutQuery(body);
  if (body.extensions === null) delete body.extensions; // It may be null, but not for Mercurius.
}

function checkQuery(parameters: unknown, reply: FastifyReply): void {
  refuseWithoutQuery(parameters);
  const { query, operationName } = parameters;
  const document = parseIfValid(query);
  if (!document) return; // Mercurius tells what is wrong.
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new AppError('BAD_INPUT', 'Name one operation of the query in `operationName`.');
  if (operation.operation !== OperationTypeNode.QUERY) {
    reply.header('allow', 'POST');
    throw new MethodNotAllowedException('A GET can only run queries. Send mutations as POST.');
  }
}

function refuseWithoutQuery(
  parameters: unknown,
): asserts parameters is { query: string; operationName?: string; extensions?: unknown } {
  const { query } = (parameters ?? {}) as { query?: unknown };
  if (typeof query === 'string' && query !== '') return;
  throw new AppError('BAD_INPUT', 'Send the text of the query as a string in `query`.');
}

function parseIfValid(query: string): DocumentNode | undefined {
  try {
    return parse(query, { maxTokens: MAX_TOKENS });
  } catch {
    return undefined;
  }
}

/** True for a handshake, which is a GET by its method. */
function isWebSocket(request: FastifyRequest & { readonly ws?: unknown }): boolean {
  return request.ws === true;
}
