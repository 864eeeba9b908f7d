import { randomUUID } from 'node:crypto';
import {
  getNamedType,
  GraphQLField,
  GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

const SCALARS: Readonly<Record<string, () => unknown>> = {
  ID: randomUUID,
  String: () => 'x',
  Int: () => 1,
  Float: () => 1.5,
  Boolean: () => true,
  BigInt: () => 1,
  DateTime: () => '2030-01-01T00:00:00.000Z',
  JSON: () => ({ x: 1 }),
};

/** An operation that calls one field with made-up arguments of the right types. */
export interface Call {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Arguments that a schema accepts, so that nothing but the guard and the field's own code can refuse them. */
export function callOf(operation: string, { name, args, type }: GraphQLField<unknown, unknown>): Call {
  const required = args.filter(isRequiredArgument);
  const declared = required.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const passed = required.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const selection = isLeafType(getNamedType(type)) ? '' : ' { __typename }';
  return {
    query: `${operation}${declared && ` (${declared})`} { ${name}${passed && `(${passed})`}${selection} }`,
    variables: Object.fromEntries(required.map((arg) => [arg.name, valueOf(arg.type)])),
  };
}

function valueOf(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType);
  if (isListType(type)) return [valueOf(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    // A "one of" input wants exactly one of its fields, none of which is required by itself.
    const needed = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
    return Object.fromEntries(needed.map((field) => [field.name, valueOf(field.type)]));
  }
  const make = SCALARS[type.name];
  if (!make) throw new Error(`dummy-arguments.ts does not know the scalar ${type.name}: give it an example`);
  return make();
}
