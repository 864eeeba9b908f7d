import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyAdapter, RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';

const SILENT_PATHS = /^\/(health|metrics|graphiql)/;
const FIRST_FAILURE = 400;

/** Config of a route whose successes are in figures and in tables of their own: only failures get a line. */
export const ONLY_FAILURES_LOGGED = { onlyFailuresLogged: true };

/** The same for a handler of a controller. */
export const OnlyFailuresLogged = (): MethodDecorator => RouteConfig(ONLY_FAILURES_LOGGED);

const requests = new AsyncLocalStorage<FastifyRequest>();

/** The request that is being answered: what is logged meanwhile names it. */
export function currentRequest(): FastifyRequest | undefined {
  return requests.getStore();
}

/** Without the query, which may hold a secret. */
export function pathOf({ originalUrl }: FastifyRequest): string {
  const query = originalUrl.indexOf('?');
  return query === -1 ? originalUrl : originalUrl.slice(0, query);
}

/** Writes a line for every request that has ended, also where the client went away before. */
@Injectable()
export class AccessLines implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance();
    server.addHook('onRequest', (request, reply, done) => {
      reply.raw.once('close', () => {
        this.write(request, reply);
      });
      done();
    });
    // Not before: reading a body goes on in the context of its connection.
    server.addHook('preHandler', (request, _reply, done) => {
      requests.run(request, done);
    });
  }

  private write(request: FastifyRequest, reply: FastifyReply): void {
    const { statusCode: status } = reply;
    const isQuiet = status < FIRST_FAILURE && onlyFailures(request);
    if (isQuiet && !this.logger.logger.isLevelEnabled('debug')) return;
    const path = pathOf(request);
    if (SILENT_PATHS.test(path)) return;
    const line = { req: request, res: { status }, ms: Math.round(reply.elapsedTime) };
    this.logger[isQuiet ? 'debug' : 'info'](line, `${request.method} ${path} ${status}`);
  }
}

function onlyFailures({ routeOptions }: FastifyRequest): boolean {
  const config = routeOptions.config as (FastifyContextConfig & Partial<typeof ONLY_FAILURES_LOGGED>) | undefined;
  return config?.onlyFailuresLogged === true;
}
