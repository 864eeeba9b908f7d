import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { GraphQLModule } from '@nestjs/graphql';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { MercuriusContext } from 'mercurius';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { formatGraphqlError, statusOf } from '../../errors/graphql-errors.js';

/** What resolvers find in their context. */
export interface GraphqlContext {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** The standard introspection query, which GraphiQL's documentation needs, is 15 deep. */
const MAX_DEPTH = 15;

/** The GraphQL endpoint, `/graphql`. The schema is generated from the resolvers of the role's modules. */
export const GraphqlModule: DynamicModule = GraphQLModule.forRootAsync<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  inject: [CONFIG],
  useFactory: (config: Config) => ({
    path: '/graphql',
    autoSchemaFile: true,
    sortSchema: true,
    graphiql: false,
    allowBatchedQueries: false,
    queryDepth: MAX_DEPTH,
    validationRules: config.INTROSPECTION ? [] : [NoSchemaIntrospectionCustomRule],
    context: (request: FastifyRequest, reply: FastifyReply): GraphqlContext => ({ request, reply }),
    errorFormatter: (
      execution: Parameters<NonNullable<MercuriusDriverConfig['errorFormatter']>>[0],
      context: MercuriusContext,
    ) => {
      const errors = execution.errors.map((error) => formatGraphqlError(error, context.reply.request.id));
      return {
        statusCode: statusOf({ data: execution.data, errors }),
        response: { data: execution.data ?? null, errors },
      };
    },
  }),
});
