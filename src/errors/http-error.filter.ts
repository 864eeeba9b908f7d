import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from './error-table.js';
import { isUnexpected, toPublicError } from './public-error.js';

/** Answers every error of a REST path with `{"error": {code, message, details?, requestId}}`. GraphQL errors pass on. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<string>() === 'graphql') throw error;
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const body = toPublicError(error);
    if (isUnexpected(error)) this.logger.error({ err: error, requestId: request.id }, 'unexpected error');
    // A streamed answer that has begun can only be cut off; the client sees an incomplete body, not a wrong one.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply.status(HTTP_STATUS[body.code]).send({ error: { ...body, requestId: request.id } });
  }
}
