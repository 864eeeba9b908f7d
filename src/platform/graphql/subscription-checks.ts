import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  defaultFieldResolver,
  Location,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { AppError } from '../../errors/app-error.js';
import { formatGraphqlError, toGraphqlError } from '../../errors/graphql-errors.js';
import type { SubscriptionContext } from './live-connection.js';
import { checkCost, checkShape, checkText } from './query-limits.js';

const WEBSOCKET_NEEDED =
  'A subscription needs a WebSocket: connect to this path with the protocol graphql-transport-ws.';

type Hooks = NonNullable<MercuriusDriverConfig['hooks']>;

/**
 * What a request over HTTP gets from Mercurius and a subscription does not: limits, validation, and errors without
 * internals.
 */
export class SubscriptionChecks {
  constructor(
    private readonly rules: readonly ValidationRule[],
    private readonly suggestions: boolean,
  ) {}

  readonly hooks: Pick<Hooks, 'preSubscriptionParsing' | 'preSubscriptionExecution'> = {
    preSubscriptionParsing: async (_schema, text, context) =>
      this.formatErrors(context, () => {
        checkText(text);
      }),
    preSubscriptionExecution: async (schema, document, context) =>
      this.formatErrors(context, () => {
        this.check(schema, document);
      }),
  };

  /**
   * Mercurius sends what `subscribe` throws as it is, and what the events throw, so errors are rewritten where they are
   * thrown. And it forgets subscriptions: one that was replaced by another with the same id, say, would never end.
   */
  readonly wrapSubscribe = (schema: GraphQLSchema): GraphQLSchema => {
    for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
      const { subscribe, resolve = defaultFieldResolver } = field;
      if (!subscribe) continue;
      field.resolve = (event, args, context: Partial<SubscriptionContext>, info) => {
        if (!context.connection) throw new AppError('BAD_INPUT', WEBSOCKET_NEEDED);
        return resolve(event, args, context, info);
      };
      field.subscribe = (root, args, context: SubscriptionContext, info) =>
        this.formatErrors(context, async () => {
          const events = await context.connection.subscribe(
            () => subscribe(root, args, context, info) as AsyncIterable<unknown>,
          );
          return this.formatting(events, context);
        });
    }
    return schema;
  };

  private check(schema: GraphQLSchema, document: DocumentNode): void {
    // Only the parser makes locations of this class: without one, the client has sent a syntax tree, uncounted.
    if (!(document.loc instanceof Location)) {
      throw new AppError('BAD_INPUT', 'Send the query as text in the GraphQL language.');
    }
    checkShape(document);
    const [mistake] = validate(schema, document, [...specifiedRules, ...this.rules]);
    if (mistake) throw mistake;
    checkCost(document, schema, undefined); // Mercurius shows its hooks no variables here.
  }

  private formatting<Value>(
    events: AsyncIterableIterator<Value>,
    context: SubscriptionContext,
  ): AsyncIterableIterator<Value> {
    return {
      next: () => this.formatErrors(context, () => events.next()),
      return: () => events.return!(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  private async formatErrors<Result>(context: object, run: () => Result): Promise<Awaited<Result>> {
    try {
      return await run();
    } catch (error) {
      throw this.format(error as Error, context as SubscriptionContext);
    }
  }

  private format(error: Error, { connection, request: { id: requestId } }: SubscriptionContext): GraphQLError {
    connection.noteRefusal();
    return formatGraphqlError(toGraphqlError(error), { requestId, suggestions: this.suggestions });
  }
}
