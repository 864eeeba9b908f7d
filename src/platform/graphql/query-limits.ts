import {
  Kind,
  Lexer,
  Source,
  TokenKind,
  getNamedType,
  getNullableType,
  isListType,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { AppError } from '../../errors/app-error.js';
import { MAX_PAGE } from './pagination.js';

/** Bounds the cache of parsed documents, too: its keys are whole texts. Large values belong into variables anyway. */
export const MAX_CHARACTERS = 20_000;
export const MAX_TOKENS = 1_000;
/** The standard introspection query, which GraphiQL's documentation needs, is 15 deep. */
export const MAX_DEPTH = 15;
export const MAX_ALIASES = 30;
/** In fields that an answer may hold: for instance 40 pages of 25 items with 10 fields each. */
export const MAX_COST = 10_000;

/** Length assumed for lists that take no `first`. */
const USUAL_LIST = 10;
/** A schema is larger than it looks, but its size is known and graphql-js bounds how often lists nest in it. */
const INTROSPECTION_COST = 1_000;

export type Variables = Readonly<Record<string, unknown>>;

/**
 * Checks a document's text before it is parsed.
 * @throws AppError LIMIT_EXCEEDED for too long a text, BAD_INPUT for a JSON syntax tree: Mercurius would run one, and it
 * would not have been counted.
 */
export function checkText(text: string): void {
  refuseAbove(MAX_CHARACTERS, text.length, 'characters', 'Move values into variables.');
  if (isJson(text)) throw new AppError('BAD_INPUT', 'The query is JSON. Send it as text in the GraphQL language.');
  refuseAbove(MAX_TOKENS, countTokens(text), 'tokens', 'Move values into variables, or split it into several queries.');
}

/**
 * Checks the shape of a document, which need not be valid yet.
 * @throws AppError LIMIT_EXCEEDED
 */
export function checkShape(document: DocumentNode): void {
  refuseAbove(MAX_DEPTH, depthOf(document), 'levels', 'Ask for the inner part in a query of its own.');
  refuseAbove(MAX_ALIASES, aliasesOf(document), 'aliases', 'Split it into several queries.');
}

/**
 * Checks what a valid document may cost.
 * @param variables undefined if they are not known: a page whose size they give then counts as the largest.
 * @throws AppError LIMIT_EXCEEDED
 */
export function checkCost(document: DocumentNode, schema: GraphQLSchema, variables: Variables | undefined): void {
  const advice = 'Ask for fewer items (`first`), or for fewer lists within lists.';
  refuseAbove(MAX_COST, costOf(document, schema, variables), 'fields in its answer', advice);
}

function refuseAbove(limit: number, actual: number, what: string, advice: string): void {
  if (actual <= limit) return;
  const message = `The query has more than ${limit.toLocaleString('en')} ${what}. ${advice}`;
  throw new AppError('LIMIT_EXCEEDED', message, { limit });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // GraphQL text ends the attempt within its first characters.
  }
}

/** Number of tokens, counted until one is too many. Text that is no GraphQL counts up to its error; the parser names it. */
function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  try {
    while (count <= MAX_TOKENS && lexer.advance().kind !== TokenKind.EOF) count++;
  } catch {
    return count;
  }
  return count;
}

/** Levels of fields of the deepest operation. Fragments add none. */
export function depthOf(document: DocumentNode): number {
  return measure(document, (_field, inner) => 1 + inner, Math.max);
}

/** Aliased fields of the operation with most of them; a fragment counts as often as it is spread. */
export function aliasesOf(document: DocumentNode): number {
  return measure(
    document,
    ({ alias }, inner) => (alias ? 1 : 0) + inner,
    (left, right) => left + right,
  );
}

/** Folds the fields of every operation, and answers the largest result. A fragment is folded once, whatever spreads it. */
function measure(
  document: DocumentNode,
  ofField: (field: FieldNode, inner: number) => number,
  join: (left: number, right: number) => number,
): number {
  const fragments = fragmentsOf(document);
  const known = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const result = known.get(name);
    if (result !== undefined) return result;
    known.set(name, 0); // What a cycle finds: validation refuses it with a better message.
    known.set(name, ofSelections(fragments.get(name)?.selectionSet));
    return known.get(name)!;
  };
  const ofSelections = (set: SelectionSetNode | undefined): number =>
    (set?.selections ?? [])
      .map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
        const inner = ofSelections(selection.selectionSet);
        return selection.kind === Kind.FIELD ? ofField(selection, inner) : inner;
      })
      .reduce((left, right) => join(left, right), 0); // reduce() gives more arguments, which Math.max would count.
  return Math.max(0, ...operationsOf(document).map(({ selectionSet }) => ofSelections(selectionSet)));
}

/**
 * Most fields that the answer to a valid document may hold, of its most expensive operation: a field counts once for
 * every item of the lists around it. The argument `first` gives the length of a list, also of the `nodes` of a page.
 */
export function costOf(document: DocumentNode, schema: GraphQLSchema, variables: Variables | undefined): number {
  return Math.max(
    0,
    ...operationsOf(document).map((operation) => operationCost(operation, document, schema, variables)),
  );
}

function operationCost(
  operation: OperationDefinitionNode,
  document: DocumentNode,
  schema: GraphQLSchema,
  variables: Variables | undefined,
): number {
  const root = schema.getRootType(operation.operation);
  if (!root) return 0; // Validation lets it pass; execution refuses it.
  const fragments = fragmentsOf(document);
  const known = new Map<string, number>();
  const sizes = variables && { ...defaultsOf(operation), ...variables };

  const ofFragment = (name: string, page: number | undefined): number => {
    const fragment = fragments.get(name)!;
    const key = `${name} ${page}`;
    const cost = known.get(key) ?? ofSelections(fragment.selectionSet, typeNamed(fragment.typeCondition), page);
    known.set(key, cost);
    return cost;
  };
  const ofField = (node: FieldNode, parent: GraphQLNamedType, page: number | undefined): number => {
    if (node.name.value === '__schema' || node.name.value === '__type') return INTROSPECTION_COST;
    const field = 'getFields' in parent ? parent.getFields()[node.name.value] : undefined;
    if (!node.selectionSet || !field || !('args' in field)) return 1;
    const first = firstOf(node, field, sizes);
    const isList = isListType(getNullableType(field.type));
    const ofPage = field.name === 'nodes' ? page : undefined;
    const items = isList ? (first ?? ofPage ?? USUAL_LIST) : 1;
    return 1 + items * ofSelections(node.selectionSet, getNamedType(field.type), isList ? undefined : first);
  };
  const ofSelections = (set: SelectionSetNode, parent: GraphQLNamedType, page: number | undefined): number =>
    set.selections
      .map((selection) => {
        if (selection.kind === Kind.FIELD) return ofField(selection, parent, page);
        if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value, page);
        const { typeCondition } = selection;
        return ofSelections(selection.selectionSet, typeCondition ? typeNamed(typeCondition) : parent, page);
      })
      .reduce((left, right) => left + right, 0);
  const typeNamed = ({ name }: { name: { value: string } }): GraphQLNamedType => schema.getType(name.value)!;

  return ofSelections(operation.selectionSet, root, undefined);
}

/** Value of the argument `first`; undefined if the field takes none. A senseless value is left to the resolver to refuse. */
function firstOf(
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  sizes: Variables | undefined,
): number | undefined {
  const argument = field.args.find(({ name }) => name === 'first');
  if (!argument) return undefined;
  const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  if (given?.kind === Kind.VARIABLE && !sizes) return MAX_PAGE;
  const value = given && valueFromASTUntyped(given, sizes);
  const length = Number(value ?? argument.defaultValue ?? USUAL_LIST);
  return length > 0 ? length : 0;
}

function defaultsOf({ variableDefinitions }: OperationDefinitionNode): Variables {
  const withDefault = (variableDefinitions ?? []).filter(({ defaultValue }) => defaultValue);
  return Object.fromEntries(
    withDefault.map(({ variable, defaultValue }) => [variable.name.value, valueFromASTUntyped(defaultValue!)]),
  );
}

function operationsOf({ definitions }: DocumentNode): OperationDefinitionNode[] {
  return definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}
