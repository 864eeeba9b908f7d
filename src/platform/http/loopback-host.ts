import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/config.js';
import type { ErrorCode } from '../../errors/app-error.js';

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i;
const LOOPBACK_HOST_HEADER = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d+)?$/i;
const MISDIRECTED = 421;

/**
 * Whether requests must name this machine in their Host header. On a loopback address only its own users come in, and
 * their browsers: a page they visit could point its own name at 127.0.0.1 (DNS rebinding) and would be of the same origin
 * as this server. A proxy in front passes on its public name, and then the operator has said so.
 */
export function needsLoopbackHost({ HOST, TRUST_PROXY }: Pick<Config, 'HOST' | 'TRUST_PROXY'>): boolean {
  return LOOPBACK.test(HOST) && TRUST_PROXY === 0;
}

/** @returns true if the request may go on; otherwise it has been answered. */
export function hasLoopbackHost(request: FastifyRequest, reply: FastifyReply): boolean {
  if (LOOPBACK_HOST_HEADER.test(request.headers.host ?? '')) return true;
  const code: ErrorCode = 'FORBIDDEN';
  const message =
    'This server listens for its own machine only, as localhost. To reach it by another name, set HOST to the address ' +
    'it should listen on, such as 0.0.0.0; behind a proxy on this machine, set TRUST_PROXY=1.';
  void reply.status(MISDIRECTED).send({ error: { code, message, requestId: request.id } });
  return false;
}
