import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { OutcomeFormat } from './outcome-file.js';

/** Path of the route that takes JSON, or a file as a stream. */
export const OUTCOMES_PATH = '/v1/outcomes';

const FORMATS: Readonly<Record<string, OutcomeFormat>> = {
  'text/csv': 'csv',
  'application/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
};
const AS_STREAM = 'application/vnd.boucle.outcomes';

/** Format of a body that was left unread. */
export function formatOf(contentType: string | undefined): OutcomeFormat | undefined {
  if (!contentType?.startsWith(AS_STREAM)) return undefined;
  return contentType.endsWith('csv') ? 'csv' : 'ndjson';
}

/**
 * Leaves files of outcomes unread, so that the handler can stream them, of any size. Only on this one path: elsewhere
 * these content types mean something else, or nothing.
 */
@Injectable()
export class OutcomeBody implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    server.addContentTypeParser([`${AS_STREAM}.csv`, `${AS_STREAM}.ndjson`], (_request, body, done) => {
      done(null, body);
    });
    server.addHook('onRequest', (request, _reply, done) => {
      const mediaType = request.headers['content-type']?.split(';')[0]!.trim().toLowerCase() ?? '';
      const format = request.routeOptions.url === OUTCOMES_PATH ? FORMATS[mediaType] : undefined;
      if (format) request.headers['content-type'] = `${AS_STREAM}.${format}`;
      done();
    });
  }
}
