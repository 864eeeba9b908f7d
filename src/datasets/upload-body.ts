import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Path of the one route whose body is a file of any size and type. */
export const UPLOAD_PATH = '/v1/datasets/:name/upload';
const AS_STREAM = 'application/vnd.boucle.upload';

/**
 * Leaves the body of an upload unread, whatever its content type says, so that the handler can stream it: a JSON file
 * must not be parsed, nor held to the size of a request.
 */
@Injectable()
export class UploadBody implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    server.addContentTypeParser(AS_STREAM, (_request: FastifyRequest, body, done) => {
      done(null, body);
    });
    server.addHook('onRequest', (request, _reply, done) => {
      if (request.routeOptions.url === UPLOAD_PATH) request.headers['content-type'] = AS_STREAM;
      done();
    });
    server.addHook('onSend', (request, reply, payload, done) => {
      // A refused upload may leave some of its body unread, which the next request on the connection would wait for.
      if (request.routeOptions.url === UPLOAD_PATH) void reply.header('connection', 'close');
      done(null, payload);
    });
  }
}
