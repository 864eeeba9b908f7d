import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from './error-table.js';
import { isForTheLog, toPublicError } from './public-error.js';

const logger = new Logger('Http');

/** Answers every error of a REST path as {@link answerError} does. GraphQL errors pass on. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<string>() === 'graphql') throw error;
    const http = host.switchToHttp();
    answerError(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** Answers with `{"error": {code, message, details?, requestId}}` and the status of the code. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const body = toPublicError(error);
  if (isForTheLog(error)) logger.error({ err: error, requestId: request.id }, 'request failed');
  // A streamed answer that has begun can only be cut off; the client sees an incomplete body, not a wrong one.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  void reply.status(HTTP_STATUS[body.code]).send({ error: { ...body, requestId: request.id } });
}
