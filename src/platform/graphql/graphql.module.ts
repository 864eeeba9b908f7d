import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { GraphQLModule } from '@nestjs/graphql';
import { type DynamicModule, Module } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { answerWithErrors } from './graphql-answer.js';
import { routeOptions } from './graphql-transport.js';
import { LiveConnections } from './live-connections.js';
import { limitHooks } from './query-limits.hooks.js';
import { SubscriptionChecks } from './subscription-checks.js';

/** What resolvers find in their context; a subscription has no reply. */
export interface GraphqlContext {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

@Module({ providers: [LiveConnections], exports: [LiveConnections] })
class LiveConnectionsModule {}

/** The GraphQL endpoint, `/graphql`. The schema is generated from the resolvers of the role's modules. */
export const GraphqlModule: DynamicModule = GraphQLModule.forRootAsync<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  imports: [LiveConnectionsModule],
  inject: [CONFIG, LiveConnections],
  useFactory: graphqlOptions,
});

export function graphqlOptions(
  { INTROSPECTION }: Pick<Config, 'INTROSPECTION'>,
  connections: LiveConnections,
): MercuriusDriverConfig {
  const validationRules = INTROSPECTION ? [] : [NoSchemaIntrospectionCustomRule];
  const subscriptions = new SubscriptionChecks(validationRules, INTROSPECTION);
  return {
    path: '/graphql',
    autoSchemaFile: true,
    sortSchema: true,
    graphiql: false,
    allowBatchedQueries: false,
    validationRules,
    hooks: { ...limitHooks, ...subscriptions.hooks },
    transformSchema: subscriptions.wrapSubscribe,
    additionalRouteOptions: routeOptions(connections),
    subscription: subscriptionOptions(connections),
    context: (request: FastifyRequest, reply: FastifyReply): GraphqlContext => ({ request, reply }),
    errorFormatter: (execution, context) => answerWithErrors(execution, context, INTROSPECTION),
  };
}

function subscriptionOptions(connections: LiveConnections): MercuriusDriverConfig['subscription'] {
  return {
    context: async (socket: object, request) => ({ request, connection: await connections.begin(socket, request) }),
    // The connection has taken its credentials out of there. Mercurius would put everything else among the headers too.
    onConnect: (message) => {
      delete message.payload;
      return true;
    },
  };
}
