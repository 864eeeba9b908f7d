import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';

const MARK = { csvBody: true };

/** Marks a route that takes CSV beside JSON, of the size of a request: its handler gets the bytes of the body. */
export const CsvBody = (): MethodDecorator => RouteConfig(MARK);

/** Reads CSV for marked routes and refuses it to all others. */
export function readCsvBodies(server: FastifyInstance): void {
  server.addContentTypeParser('text/csv', { parseAs: 'buffer' }, (request: FastifyRequest, body, done) => {
    const config = request.routeOptions.config as FastifyContextConfig & Partial<typeof MARK>;
    if (config.csvBody === true) done(null, body);
    else done(new AppError('UNSUPPORTED_MEDIA_TYPE', 'This path does not take CSV. Send JSON.'), undefined);
  });
}
