import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Cuts a connection on which nothing has moved for the time limit (`connectionTimeout`), if the client is to blame: it
 * stopped sending its request or reading the answer. A slow transfer goes on, and so does a request that waits for us.
 */
export function cutIfClientStalls(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request;
  // With a listener on the answer, node leaves it to us what becomes of the connection.
  reply.raw.on('timeout', () => {
    const isStillSent = !raw.complete && raw.readableLength === 0;
    const isStillRead = reply.raw.writableLength > 0;
    if (isStillSent || isStillRead) raw.socket.destroy();
    else raw.socket.setTimeout(raw.socket.timeout ?? 0);
  });
}
