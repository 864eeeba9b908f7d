import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql';

/** Whole numbers that may pass 2^31, such as counts and bytes; a JSON number up to 2^53. */
export const BigIntScalar = new GraphQLScalarType<number, number>({
  name: 'BigInt',
  description: 'A whole number up to 2^53.',
  serialize: (value) => wholeNumber(typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value),
  parseValue: wholeNumber,
  parseLiteral: (node) => wholeNumber(node.kind === Kind.INT ? Number(node.value) : undefined),
});

/** Any JSON value, for what has no fixed shape: rows, statistics, hyperparameters. */
export const JsonScalar = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any JSON value.',
  parseValue: (value: unknown) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

function wholeNumber(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new GraphQLError('BigInt must be a whole number up to 2^53.');
}
