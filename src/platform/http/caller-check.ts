import type { FastifyRequest } from 'fastify';

/** Tells who makes a request, for those parts of the platform that need to know before a handler is reached. */
export abstract class CallerCheck {
  /**
   * The caller and everything that their rights depend on, as a text: it differs if, and only if, one of them does.
   * Undefined if the request carries no credential that is good.
   */
  abstract identify(request: FastifyRequest): Promise<string | undefined>;
}
