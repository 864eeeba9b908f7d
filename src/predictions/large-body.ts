import type { FastifyInstance } from 'fastify';

/**
 * Bodies of so many bytes, about 150 rows, are not parsed where they arrive. Smaller ones hold the event loop for a few
 * milliseconds at most, and are answered sooner without waiting for a thread.
 */
const LARGE_BYTES = 32 * 2 ** 10;

/** A body of JSON as it came. */
export class LargeBody {
  /** @param bytes alone in their memory, so that they can be handed to a thread. */
  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {}
}

/** On the routes of this part of a server, leaves large bodies of JSON unread. */
export function leaveLargeBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer<ArrayBuffer>, done) => {
    if (body.length >= LARGE_BYTES) done(null, new LargeBody(body));
    else void parse(request, body.toString(), done);
  });
}
