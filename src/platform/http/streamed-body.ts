import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';

const AS_STREAM = 'application/vnd.boucle.upload';
const MARK = { streamedBody: true };

/** Marks a route whose body is a file of any size and type: its handler gets the body unread, as a stream. */
export const StreamedBody = (): MethodDecorator => RouteConfig(MARK);

/**
 * Leaves the bodies of marked routes unread, whatever their content type says: a JSON file must not be parsed, nor held
 * to the size of a request.
 */
export function leaveStreamedBodies(server: FastifyInstance): void {
  server.addContentTypeParser(AS_STREAM, (_request: FastifyRequest, body, done) => {
    done(null, body);
  });
  server.addHook('onRequest', (request, _reply, done) => {
    if (isStreamed(request)) request.headers['content-type'] = AS_STREAM;
    done();
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    // A refused upload may leave some of its body unread, which the next request on the connection would wait for.
    if (isStreamed(request)) void reply.header('connection', 'close');
    done(null, payload);
  });
}

function isStreamed({ routeOptions }: FastifyRequest): boolean {
  const config = routeOptions.config as (FastifyContextConfig & Partial<typeof MARK>) | undefined;
  return config?.streamedBody === true;
}
