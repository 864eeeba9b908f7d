import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from './error-table.js';
import { isForTheLog, retryAfterOf, toPublicError } from './public-error.js';

const logger = new Logger('Http');

/** Paths of the Open Inference Protocol, which has its own form of an error: a string. */
const OPEN_INFERENCE = /^\/v2(?:[/?]|$)/;

/** Answers every error of a REST path as {@link answerError} does. GraphQL errors pass on. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<string>() === 'graphql') throw error;
    const http = host.switchToHttp();
    answerError(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/**
 * Answers with `{"error": {code, message, details?, requestId}}` and the status of the code; in the Open Inference
 * Protocol with `{"error": message}`, and 503 for a model that can't serve in its present state.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const body = toPublicError(error);
  if (isForTheLog(error)) logger.error({ err: error, requestId: request.id }, 'request failed');
  // A streamed answer that has begun can only be cut off; the client sees an incomplete body, not a wrong one.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  const retryAfter = retryAfterOf(body);
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  if (OPEN_INFERENCE.test(request.url)) {
    const status = HTTP_STATUS[body.code === 'INVALID_STATE' ? 'UNAVAILABLE' : body.code];
    void reply.status(status).send({ error: body.message });
    return;
  }
  void reply.status(HTTP_STATUS[body.code]).send({ error: { ...body, requestId: request.id } });
}
