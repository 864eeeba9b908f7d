import { buildSchema, getIntrospectionQuery, parse } from 'graphql';
import {
  MAX_ALIASES,
  MAX_CHARACTERS,
  MAX_COST,
  MAX_DEPTH,
  MAX_TOKENS,
  aliasesOf,
  checkCost,
  checkShape,
  checkText,
  costOf,
  depthOf,
} from './query-limits.js';

const schema = buildSchema(`
  type Query { me: Person  models(first: Int! = 20): ModelPage!  person(id: ID!): Person  parties: [Party!]! }
  type ModelPage { nodes: [Model!]!  pageInfo: PageInfo!  total: Int!  owners: [Person!]! }
  type PageInfo { hasNextPage: Boolean! }
  type Model implements Named { name: String!  owner: Person!  versions(first: Int = 5): [Version!]!  tags: [String!]! }
  type Version { number: Int!  model: Model! }
  type Person implements Named { name: String!  friends: [Person!] }
  interface Named { name: String! }
  union Party = Person | Model
`);

const cost = (text: string, variables: Record<string, unknown> | undefined = {}) =>
  costOf(parse(text), schema, variables);
const nested = (levels: number): string => (levels === 1 ? 'x' : `x { ${nested(levels - 1)} }`);
const limitExceeded = (message: RegExp) =>
  expect.objectContaining({ code: 'LIMIT_EXCEEDED', message: expect.stringMatching(message) as string });

describe('checkText', () => {
  it('takes as many tokens as allowed and not one more', () => {
    const withTokens = (count: number) => `{${' a'.repeat(count - 2)}}`;
    expect(() => {
      checkText(withTokens(MAX_TOKENS));
    }).not.toThrow();
    expect(() => {
      checkText(withTokens(MAX_TOKENS + 1));
    }).toThrow(limitExceeded(/1,000 tokens.*variables/));
  });

  it('counts tokens as the parser does: no comments, no commas', () => {
    const text = `{${' a, # note\n'.repeat(MAX_TOKENS - 2)}}`;
    expect(() => {
      checkText(text);
    }).not.toThrow();
    expect(() => parse(text, { maxTokens: MAX_TOKENS })).not.toThrow();
  });

  it('takes as many characters as allowed and not one more', () => {
    const withLength = (length: number) => `{ a }${' '.repeat(length - 5)}`;
    expect(() => {
      checkText(withLength(MAX_CHARACTERS));
    }).not.toThrow();
    expect(() => {
      checkText(withLength(MAX_CHARACTERS + 1));
    }).toThrow(limitExceeded(/20,000 characters/));
  });

  it.each([
    JSON.stringify(parse('{ me { name } }')),
    '\n {"kind": "Document", "definitions": []}',
    'null',
    '[]',
    '"{ a }"',
  ])('refuses JSON: %s', (text) => {
    expect(() => {
      checkText(text);
    }).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  it('leaves bad syntax to the parser', () => {
    expect(() => {
      checkText('{ a(b: "');
    }).not.toThrow();
    expect(() => {
      checkText('');
    }).not.toThrow();
  });
});

describe('depthOf', () => {
  it('is 15 for the standard introspection query', () => {
    expect(depthOf(parse(getIntrospectionQuery()))).toBe(MAX_DEPTH);
    expect(() => {
      checkShape(parse(getIntrospectionQuery()));
    }).not.toThrow();
  });

  it('counts levels of fields; fragments add none', () => {
    expect(depthOf(parse('{ a }'))).toBe(1);
    expect(depthOf(parse('{ a { b { c } } d { e } }'))).toBe(3);
    expect(depthOf(parse('{ a { ... on A { ... { b } } } }'))).toBe(2);
    expect(depthOf(parse('{ a { ...F } } fragment F on A { b { ...G } } fragment G on B { c }'))).toBe(3);
  });

  it('takes the deepest operation', () => {
    expect(depthOf(parse('query A { a } query B { a { b } } query C { a }'))).toBe(2);
  });

  it.each([
    ['fields', (levels: number) => `{ ${nested(levels)} }`],
    ['a fragment', (levels: number) => `{ x { ...F } } fragment F on X { ${nested(levels - 1)} }`],
    ['inline fragments', (levels: number) => `{ x { ... on X { ${nested(levels - 1)} } } }`],
  ])('is limited through %s', (_how, query) => {
    expect(() => {
      checkShape(parse(query(MAX_DEPTH)));
    }).not.toThrow();
    expect(() => {
      checkShape(parse(query(MAX_DEPTH + 1)));
    }).toThrow(limitExceeded(/15 levels/));
  });

  it('ends for cycles and unknown fragments', () => {
    expect(depthOf(parse('{ ...A } fragment A on X { a { ...B } } fragment B on X { b { ...A } }'))).toBe(2);
    expect(depthOf(parse('{ ...A } fragment A on X { ...A }'))).toBe(0);
    expect(depthOf(parse('{ a { ...Nowhere } }'))).toBe(1);
  });
});

describe('aliasesOf', () => {
  const aliases = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: x`).join(' ');

  it.each([
    ['fields', (count: number) => `{ ${aliases(count)} }`],
    ['levels', (count: number) => `{ a: x { ${aliases(count - 1)} } }`],
    [
      'fragments',
      (count: number) => `{ ${aliases(count - 20)} y { ...F } z { ...F } } fragment F on X { ${aliases(10)} }`,
    ],
  ])('is limited over %s', (_how, query) => {
    expect(aliasesOf(parse(query(MAX_ALIASES)))).toBe(MAX_ALIASES);
    expect(() => {
      checkShape(parse(query(MAX_ALIASES)));
    }).not.toThrow();
    expect(() => {
      checkShape(parse(query(MAX_ALIASES + 1)));
    }).toThrow(limitExceeded(/30 aliases/));
  });

  it('finds fragments that double each other fast', () => {
    const doubling = Array.from({ length: 60 }, (_, i) => `fragment F${i} on X { ...F${i + 1} ...F${i + 1} }`).join(
      ' ',
    );
    expect(aliasesOf(parse(`{ ...F0 } ${doubling} fragment F60 on X { a: x }`))).toBe(2 ** 60);
  });
});

describe('costOf', () => {
  it('counts a field once per item of the lists around it', () => {
    expect(cost('{ me { name } }')).toBe(2);
    expect(cost('{ me { name friends { name } } }')).toBe(1 + 1 + 1 + 10);
    expect(cost('{ __typename me { __typename } }')).toBe(3);
    expect(cost('{ parties { __typename ... on Model { name } ... on Named { name } } }')).toBe(1 + 10 * 3);
  });

  it('takes the length from `first`, for the nodes of a page and for lists', () => {
    expect(cost('{ models(first: 50) { total nodes { name } pageInfo { hasNextPage } } }')).toBe(1 + 1 + 51 + 2);
    expect(cost('{ models(first: 50) { owners { name } } }')).toBe(2 + 10);
    expect(cost('{ models(first: 3) { nodes { versions(first: 7) { number } } } }')).toBe(2 + 3 * (1 + 7));
    expect(cost('{ models { nodes { versions { number } tags } } }')).toBe(2 + 20 * (1 + 5 + 1));
  });

  it('reads variables and their defaults', () => {
    const query = 'query ($n: Int! = 4) { models(first: $n) { nodes { name } } }';
    expect(cost(query)).toBe(2 + 4);
    expect(cost(query, { n: 9 })).toBe(2 + 9);
    expect(cost('query ($n: Int) { models { nodes { versions(first: $n) { number } } } }')).toBe(2 + 20 * (1 + 5));
    expect(cost(query, { n: -5 })).toBe(2);
  });

  it('expects the largest page where variables are unknown', () => {
    const query = parse('query ($n: Int! = 4) { models(first: $n) { nodes { name } } }');
    expect(costOf(query, schema, undefined)).toBe(2 + 200);
  });

  it('sees through fragments, with the page around them', () => {
    const query = `{ models(first: 30) { ...Page } short: models(first: 2) { ...Page } }
      fragment Page on ModelPage { nodes { ...Item } } fragment Item on Model { name owner { name } }`;
    expect(cost(query)).toBe(2 + 30 * 3 + 2 + 2 * 3);
  });

  it('takes the most expensive operation', () => {
    expect(cost('query A { me { name } } query B { models(first: 5) { nodes { name } } }')).toBe(2 + 5);
  });

  it('counts introspection as a whole, and what the schema lacks as nothing', () => {
    expect(cost('{ __schema { types { name } } }')).toBe(1_000);
    expect(cost('mutation { anything }')).toBe(0);
  });

  it('is quick for fragments that double each other', () => {
    const doubling = Array.from({ length: 60 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
    expect(cost(`{ ...F0 } ${doubling.join(' ')} fragment F60 on Query { me { name } }`)).toBe(2 ** 61);
  });

  it('is limited, at the limit and one above, by literals and by variables', () => {
    const rest = MAX_COST - (2 + 200 * 49);
    const more = 'name '.repeat(49);
    const filler = (count: number) => 'me '.repeat(count);
    const text = (count: number) => `{ models(first: 200) { nodes { ${more} } } ${filler(count)} }`;
    expect(cost(text(rest))).toBe(MAX_COST);
    expect(() => {
      checkCost(parse(text(rest)), schema, {});
    }).not.toThrow();
    expect(() => {
      checkCost(parse(text(rest + 1)), schema, {});
    }).toThrow(limitExceeded(/10,000 fields.*`first`/));
    const query = parse(`query ($n: Int!) { models(first: $n) { nodes { ${more} } } ${filler(rest)} }`);
    expect(() => {
      checkCost(query, schema, { n: 200 });
    }).not.toThrow();
    expect(() => {
      checkCost(query, schema, { n: 201 });
    }).toThrow(limitExceeded(/fields/));
  });
});
