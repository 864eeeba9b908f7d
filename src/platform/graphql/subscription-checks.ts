import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import {
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
import { checkCost, checkShape, checkText } from './query-limits.js';

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

  /** Mercurius sends what `subscribe` throws as it is, so the error is rewritten where it is thrown. */
  readonly wrapSubscribe = (schema: GraphQLSchema): GraphQLSchema => {
    for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
      const { subscribe } = field;
      if (!subscribe) continue;
      field.subscribe = (root, args, context: object, info) =>
        this.formatErrors(context, () => subscribe(root, args, context, info));
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

  private async formatErrors<Result>(context: object, run: () => Result): Promise<Awaited<Result>> {
    try {
      return await run();
    } catch (error) {
      throw this.format(error as Error, context);
    }
  }

  private format(error: Error, context: { readonly request?: { readonly id: string } }): GraphQLError {
    const requestId = context.request!.id;
    return formatGraphqlError(toGraphqlError(error), { requestId, suggestions: this.suggestions });
  }
}
