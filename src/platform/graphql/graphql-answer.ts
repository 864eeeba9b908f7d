import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { ErrorCode } from '../../errors/app-error.js';
import { HTTP_STATUS } from '../../errors/error-table.js';
import { formatGraphqlError, isDocumentError, toGraphqlError } from '../../errors/graphql-errors.js';
import { wantsGraphqlResponse } from './graphql-transport.js';

/** Context of a request, or of a subscription, which has no reply. */
type AnswerContext = { readonly reply?: { readonly request: FastifyRequest }; readonly request?: FastifyRequest };

interface Answer {
  readonly statusCode: number;
  readonly response: ExecutionResult;
}

/** Answers a request in which something went wrong. `data` is absent if the query never ran. */
export function answerWithErrors(
  execution: Required<Pick<ExecutionResult, 'errors'>> & ExecutionResult,
  context: AnswerContext,
  suggestions: boolean,
): Answer {
  const request = (context.reply?.request ?? context.request)!;
  const problems = execution.errors.flatMap(problemsOf);
  const errors = problems.map((problem) => formatGraphqlError(problem, { requestId: request.id, suggestions }));
  const { data } = execution;
  return {
    statusCode: data ? 200 : statusOf(problems[0]!, errors[0]!, request),
    response: { ...(data !== undefined && { data }), errors },
  };
}

/** Mercurius wraps all mistakes of a document into one error that says only "Graphql validation error". */
function problemsOf(error: GraphQLError): readonly GraphQLError[] {
  const { code, errors } = (error.originalError ?? {}) as { code?: unknown; errors?: readonly Error[] };
  if (code !== 'MER_ERR_GQL_VALIDATION' || !errors) return [error];
  return errors.map(toGraphqlError);
}

/** Status of an answer without data, by its first error. */
function statusOf(problem: GraphQLError, { extensions }: GraphQLError, request: FastifyRequest): number {
  const cause = problem.originalError;
  if (cause instanceof HttpException) return cause.getStatus();
  // In plain JSON a status other than 200 would say that this is no answer of a GraphQL server.
  if (isDocumentError(problem) && !wantsGraphqlResponse(request)) return 200;
  return HTTP_STATUS[extensions['code'] as ErrorCode];
}
