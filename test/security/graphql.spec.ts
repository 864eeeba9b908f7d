import { serverAudits } from 'graphql-http';
import { getIntrospectionQuery, parse } from 'graphql';
import { MAX_ALIASES, MAX_CHARACTERS, MAX_DEPTH, MAX_TOKENS } from '../../src/platform/graphql/query-limits.js';
import { SECRET_SQL, startSampleApp, type SampleAnswer, type SampleApp } from './graphql-app.js';

const BODY_LIMIT = 50_000;
/** Audits of GET without the header that a browser asks leave for: refused, which the audit notes. */
const PLAIN_GET = ['5A70', 'D6D5', '6A70'];
const MAY_GET = { headers: { 'mercurius-require-preflight': '1' } };

describe('GraphQL over HTTP', () => {
  let app: SampleApp;
  beforeAll(async () => {
    app = await startSampleApp({ BODY_LIMIT_BYTES: String(BODY_LIMIT) });
  });
  afterAll(() => app.close());

  const refusalOf = (tree: string): [string, number, RegExp] =>
    tree.length > MAX_CHARACTERS ? ['LIMIT_EXCEEDED', 413, /characters/] : ['BAD_INPUT', 400, /GraphQL language/];
  const ask = (query: string, variables?: object) => app.post({ query, variables });
  const expectError = ({ body, status }: SampleAnswer, code: string, expectedStatus: number, message: RegExp) => {
    expect({ code: body.errors[0].extensions.code, status, message: body.errors[0].message }).toEqual({
      code,
      status: expectedStatus,
      message: expect.stringMatching(message),
    });
    expect(body.errors[0].extensions.requestId).toEqual(expect.any(String));
  };

  describe('limits', () => {
    const deep = (levels: number): string => (levels === 1 ? 'name' : `self { ${deep(levels - 1)} }`);
    const names = (count: number) => 'name '.repeat(count);
    const aliases = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(' ');

    it.each([
      ['depth', (n: number) => `{ sample { ${deep(n - 1)} } }`, MAX_DEPTH, /15 levels/],
      [
        'depth of fragments',
        (n: number) => `{ sample { ...F } } fragment F on Sample { ${deep(n - 1)} }`,
        MAX_DEPTH,
        /15/,
      ],
      [
        'depth of nested fragments',
        (n: number) =>
          `{ sample { ...F } } fragment F on Sample { self { ...G } } fragment G on Sample { ${deep(n - 2)} }`,
        MAX_DEPTH,
        /15/,
      ],
      [
        'depth of inline fragments',
        (n: number) => `{ ... on Query { sample { ... { ${deep(n - 1)} } } } }`,
        MAX_DEPTH,
        /15/,
      ],
      ['aliases', (n: number) => `{ ${aliases(n)} }`, MAX_ALIASES, /30 aliases/],
      [
        'aliases of fragments',
        (n: number) => `{ ${aliases(n - 20)} sample { ...F parts { ...F } } } fragment F on Sample { ${aliases(10)} }`,
        MAX_ALIASES,
        /30 aliases/,
      ],
      [
        'aliases of nested fragments',
        (n: number) =>
          `{ ${aliases(n - 20)} sample { ...F parts { ...F } } } fragment F on Sample { ...G } fragment G on Sample { ${aliases(10)} }`,
        MAX_ALIASES,
        /30 aliases/,
      ],
      ['aliases of inline fragments', (n: number) => `{ ... on Query { ... { ${aliases(n)} } } }`, MAX_ALIASES, /30/],
      [
        'tokens', // in two selections: graphql-js gives up on 1,000 fields of one name in one
        (n: number) => `{ sample { ${'name '.repeat(490)} } b: sample { ${'name '.repeat(n - 500)} } }`,
        MAX_TOKENS,
        /1,000 tokens/,
      ],
      [
        'tokens of fragments',
        (n: number) =>
          `{ sample { ...F } b: sample { ...G } } fragment F on Sample { ${names(480)} } fragment G on Sample { ${names(n - 506)} }`,
        MAX_TOKENS,
        /1,000 tokens/,
      ],
      [
        'tokens of nested fragments',
        (n: number) =>
          `{ sample { ...F } } fragment F on Sample { ${names(480)} self { ...G } } fragment G on Sample { ${names(n - 504)} }`,
        MAX_TOKENS,
        /1,000 tokens/,
      ],
      [
        'tokens of inline fragments',
        (n: number) => `{ sample { ... on Sample { ${names(480)} } self { ... { ${names(n - 496)} } } } }`,
        MAX_TOKENS,
        /1,000 tokens/,
      ],
      ['cost', (n: number) => `{ samples(first: ${n}) { nodes { ${names(50)} } } }`, 199, /10,000 fields/],
      [
        'cost of fragments, each as often as it is spread',
        (n: number) =>
          `{ a: samples(first: ${n}) { ...P } b: samples(first: ${n}) { ...P } } fragment P on SamplePage { nodes { ${names(50)} } }`,
        99,
        /10,000 fields/,
      ],
      [
        'cost of nested fragments',
        (n: number) =>
          `{ ...Q } fragment Q on Query { samples(first: ${n}) { ...P } } fragment P on SamplePage { nodes { ...S } } fragment S on Sample { ${names(50)} }`,
        199,
        /10,000 fields/,
      ],
      [
        'cost of inline fragments',
        (n: number) => `{ ... on Query { samples(first: ${n}) { ... { nodes { ... on Sample { ${names(50)} } } } } } }`,
        199,
        /10,000 fields/,
      ],
    ])('%s: at the limit, and one above', async (_what, query, limit, message) => {
      const within = await ask(query(limit));
      expect(within.body).toEqual({ data: expect.any(Object) });
      expect(within.status).toBe(200);
      const above = await ask(query(limit + 1));
      expectError(above, 'LIMIT_EXCEEDED', 413, message);
      expect(above.body.data).toBeUndefined();
    });

    it('cost by variables, also when the document is known', async () => {
      const query = `query ($first: Int!) { samples(first: $first) { nodes { ${'name '.repeat(50)} } } }`;
      for (let i = 0; i < 3; i++) {
        expect((await ask(query, { first: 199 })).body.data.samples.nodes).toHaveLength(199);
        expectError(await ask(query, { first: 200 }), 'LIMIT_EXCEEDED', 413, /`first`/);
      }
    });

    it('cost by variables that a fragment reads, given and by default', async () => {
      const query = (head: string) => `query (${head}) { ...Q } fragment Q on Query {
        samples(first: $first) { ...P } } fragment P on SamplePage { nodes { ${names(50)} } }`;
      expect((await ask(query('$first: Int!'), { first: 199 })).body.data.samples.nodes).toHaveLength(199);
      expectError(await ask(query('$first: Int!'), { first: 200 }), 'LIMIT_EXCEEDED', 413, /`first`/);
      expect((await ask(query('$first: Int! = 199'))).body.data.samples.nodes).toHaveLength(199);
      expectError(await ask(query('$first: Int! = 200')), 'LIMIT_EXCEEDED', 413, /`first`/);
      // What is given counts, not the default.
      expect((await ask(query('$first: Int! = 200'), { first: 1 })).body.data.samples.nodes).toHaveLength(1);
      expectError(await ask(query('$first: Int! = 1'), { first: 200 }), 'LIMIT_EXCEEDED', 413, /`first`/);
    });

    it('cost of lists in lists', async () => {
      const query = (first: number) => `{ samples(first: ${first}) { nodes { parts { parts { name } } } } }`;
      expect((await ask(query(90))).body.errors).toBeUndefined();
      expectError(await ask(query(91)), 'LIMIT_EXCEEDED', 413, /fields/);
    });

    it('body size', async () => {
      const body = (size: number) => {
        const empty = JSON.stringify({ query: '{ __typename }', variables: { text: '' } });
        return empty.replace('""', `"${'x'.repeat(size - empty.length)}"`);
      };
      expect((await app.post(body(BODY_LIMIT))).body).toEqual({ data: { __typename: 'Query' } });
      expectError(await app.post(body(BODY_LIMIT + 1)), 'LIMIT_EXCEEDED', 413, /Send less/);
    });

    it('does not run a JSON syntax tree, as text or as an object', async () => {
      const tree = parse('{ __typename }', { noLocation: true });
      expectError(await ask(JSON.stringify(tree)), 'BAD_INPUT', 400, /GraphQL language/);
      expectError(await ask(` \n${JSON.stringify(tree)}`), 'BAD_INPUT', 400, /GraphQL language/);
      expectError(await app.post({ query: tree }), 'BAD_INPUT', 400, /as a string in `query`/);
      expectError(await app.get({ query: JSON.stringify(tree) }, MAY_GET), 'BAD_INPUT', 400, /GraphQL language/);
    });

    it.each([
      ['depth', `{ sample { ${deep(MAX_DEPTH - 1)} } }`, `{ sample { ${deep(MAX_DEPTH)} } }`],
      ['aliases', `{ ${aliases(MAX_ALIASES)} }`, `{ ${aliases(MAX_ALIASES + 1)} }`],
      [
        'cost',
        `{ samples(first: 199) { nodes { ${names(50)} } } }`,
        `{ samples(first: 200) { nodes { ${names(50)} } } }`,
      ],
    ])('%s: as a JSON syntax tree neither what is at the limit runs nor what is above it', async (_, ...queries) => {
      for (const query of queries) {
        const tree = JSON.stringify(parse(query, { noLocation: true }));
        const answer = await ask(tree);
        // A tree is longer than its text: it may be too long already.
        expectError(answer, ...refusalOf(tree));
        expect(answer.body.data).toBeUndefined();
      }
    });

    it('takes a JSON syntax tree for the text that it is where a value stands', async () => {
      const tree = JSON.stringify(parse(`{ ${aliases(MAX_ALIASES + 1)} }`, { noLocation: true }));
      const query = 'query ($i: LabelInput!) { label(input: $i) }';
      expect((await ask(query, { i: { label: tree } })).body).toEqual({ data: { label: tree } });
      expect((await ask(`{ label(input: { label: ${JSON.stringify(tree)} }) }`)).body).toEqual({
        data: { label: tree },
      });
    });

    it('refuses fragment cycles as the mistake they are', async () => {
      const cycle = '{ sample { ...A } } fragment A on Sample { self { ...B } } fragment B on Sample { self { ...A } }';
      expectError(await ask(cycle), 'BAD_INPUT', 200, /Cannot spread fragment "A" within itself/);
    });

    it('bounds introspection that multiplies itself', async () => {
      const query = '{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }';
      expectError(await ask(query), 'BAD_INPUT', 200, /introspection depth/);
    });

    it('leaves room for the standard introspection query', async () => {
      expect((await ask(getIntrospectionQuery())).body.data.__schema.queryType.name).toBe('Query');
    });
  });

  describe('transport', () => {
    it('refuses batches', async () => {
      expectError(await app.post([{ query: '{ __typename }' }]), 'BAD_INPUT', 400, /batches/);
    });

    it.each([
      ['text/plain', '{"query":"mutation { mutate }"}'],
      ['application/x-www-form-urlencoded', 'query=mutation+%7B+mutate+%7D'],
      ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{a}\r\n--x--'],
      ['application/graphql', 'mutation { mutate }'],
      ['text/plain; application/json', '{"query":"mutation { mutate }"}'],
    ])('refuses a POST of %s, with and without a header that forces a preflight', async (contentType, body) => {
      const before = app.mutations();
      for (const headers of [{}, MAY_GET.headers]) {
        const answer = await app.post(body, { ...headers, 'content-type': contentType });
        expectError(answer, 'UNSUPPORTED_MEDIA_TYPE', 415, /as JSON/);
      }
      expect(app.mutations()).toBe(before);
    });

    it('refuses a POST without a media type', async () => {
      const response = await fetch(app.url, { method: 'POST', body: new Blob(['{"query":"{ __typename }"}']) });
      expect(response.status).toBe(415);
    });

    it('refuses a GET that any page could cause', async () => {
      expectError(await app.get({ query: '{ __typename }' }), 'BAD_INPUT', 400, /mercurius-require-preflight/);
      expect((await app.get({ query: '{ __typename }' }, MAY_GET)).body).toEqual({ data: { __typename: 'Query' } });
    });

    it.each(['GET', 'HEAD'])('runs no mutation over %s', async (method) => {
      const before = app.mutations();
      for (let i = 0; i < 2; i++) {
        const answer = await app.get({ query: 'mutation { mutate }' }, { ...MAY_GET, method });
        expect(answer.status).toBe(405);
        expect(answer.headers.get('allow')).toBe('POST');
      }
      const named = { query: 'query A { __typename } mutation B { mutate }', operationName: 'B' };
      expect((await app.get(named, { ...MAY_GET, method })).status).toBe(405);
      expect(app.mutations()).toBe(before);
    });

    it('needs the name of one of several operations', async () => {
      const query = 'query A { __typename } query B { sample { name } }';
      expectError(await app.get({ query }, MAY_GET), 'BAD_INPUT', 400, /operationName/);
      expectError(await app.get({ query, operationName: 'C' }, MAY_GET), 'BAD_INPUT', 400, /operationName/);
      expect((await app.get({ query, operationName: 'A' }, MAY_GET)).body.data).toEqual({ __typename: 'Query' });
      expectError(await ask(query), 'BAD_INPUT', 200, /operation name/);
    });

    it.each([
      ['no query', {}, /string in `query`/],
      ['variables of a wrong type', { query: '{ __typename }', variables: 'x' }, /variables must be object/],
      ['broken JSON', '{"query": ', /JSON/],
    ])('says what is wrong with %s', async (_what, body, message) => {
      expectError(await app.post(body), 'BAD_INPUT', 400, message);
    });

    const audits = serverAudits({ url: () => app.url });
    it.each(audits.map(({ id, name, fn }) => [id, name, fn] as const))(
      'passes audit %s of graphql-http: %s',
      async (id, _name, audit) => {
        expect((await audit()).status).toBe(PLAIN_GET.includes(id) ? 'notice' : 'ok');
      },
    );

    const withHeader: typeof fetch = (url, init) => {
      const headers = new Headers(init?.headers);
      if (init?.method !== 'POST') headers.set('mercurius-require-preflight', '1');
      return fetch(url, { ...init, headers });
    };
    const auditsWithHeader = serverAudits({ url: () => app.url, fetchFn: withHeader });
    it.each(PLAIN_GET)('passes audit %s of graphql-http with the header that a GET needs', async (id) => {
      const audit = auditsWithHeader.find((one) => one.id === id)!;
      expect((await audit.fn()).status).toBe('ok');
    });

    it('is audited in all 61 ways', () => {
      expect(audits).toHaveLength(61);
    });
  });

  describe('errors', () => {
    it('shows nothing of an unexpected error; the log has it with the request id', async () => {
      const { body, text, status } = await app.post(
        { query: '{ failsInDatabase }' },
        { 'x-request-id': 'request-of-a-test' },
      );
      expect(status).toBe(500);
      expect(text).not.toMatch(/SELECT|password_hash|relation|ada@/);
      expect(body.errors[0].extensions).toEqual({ code: 'INTERNAL', requestId: 'request-of-a-test' });
      const entries = app.log.filter((entry) => entry.includes('request-of-a-test'));
      expect(entries).toHaveLength(1);
      expect(entries[0]).toContain('relation \\"user\\" does not exist');
    });

    it('keeps what was resolved, and tells the position of what was not as a number', async () => {
      const { body, status, text } = await ask('{ samples(first: 3) { nodes { broken } } }');
      expect(status).toBe(200);
      expect(body.data.samples.nodes.map(({ broken }: { broken: string }) => broken)).toEqual([
        'sample 0',
        null,
        'sample 2',
      ]);
      expect(body.errors[0]).toMatchObject({
        path: ['samples', 'nodes', 1, 'broken'],
        extensions: { code: 'INTERNAL' },
      });
      expect(text).not.toContain(SECRET_SQL);
    });

    it('takes a result that does not fit the schema for our mistake', async () => {
      expectError(await ask('{ tooLarge }'), 'INTERNAL', 500, /our side/);
    });

    it('passes on errors that are meant for clients', async () => {
      expectError(await ask('{ refuses }'), 'NOT_FOUND', 404, /List them/);
      expectError(await ask('{ failsInPipe }'), 'BAD_INPUT', 400, /name must not be empty; size must be positive/);
    });

    it('says which variable is wrong, and why', async () => {
      const query = 'query ($count: BigInt!) { echo(count: $count) }';
      expectError(await ask(query, { count: 1.5 }), 'BAD_INPUT', 200, /\$count.*whole number/);
      expectError(await ask(query, {}), 'BAD_INPUT', 200, /\$count.*required/);
      expectError(await ask(query), 'BAD_INPUT', 200, /\$count.*required/);
      expect((await ask(query, { count: 2 ** 40 })).body).toEqual({ data: { echo: 2 ** 40 } });
    });

    it('tells all mistakes of a document, without data', async () => {
      const { body } = await ask('{ sampel { name } sample { nam } }');
      expect(body.errors.map(({ message }: { message: string }) => message)).toEqual([
        expect.stringMatching(/sampel.*Did you mean/),
        expect.stringMatching(/nam.*Did you mean/),
      ]);
      const labels = await ask('query ($i: LabelInput!) { label(input: $i) }', { i: { label: 'x', labe: 'x' } });
      expect(labels.text).toContain('Did you mean');
      expect(body).not.toHaveProperty('data');
    });

    it('answers mistakes with a status of their own in the media type that allows it', async () => {
      const headers = { accept: 'application/graphql-response+json, application/json;q=0.9' };
      const { status, headers: answered } = await app.post({ query: '{ sampel }' }, headers);
      expect(status).toBe(400);
      expect(answered.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    });
  });
});

describe('GraphQL in production', () => {
  let app: SampleApp;
  beforeAll(async () => {
    app = await startSampleApp({ NODE_ENV: 'production' });
  });
  afterAll(() => app.close());

  it.each([
    ['__schema', '{ __schema { types { name } } }'],
    ['__type', '{ __type(name: "Sample") { name } }'],
    ['__schema in a fragment', '{ ...F } fragment F on Query { __schema { types { name } } }'],
    ['the standard query', getIntrospectionQuery()],
  ])('refuses introspection: %s', async (_what, query) => {
    const { body } = await app.post({ query });
    expect(body.data).toBeUndefined();
    expect(body.errors[0].extensions.code).toBe('BAD_INPUT');
  });

  it('answers __typename', async () => {
    expect((await app.post({ query: '{ __typename sample { __typename } }' })).body).toEqual({
      data: { __typename: 'Query', sample: { __typename: 'Sample' } },
    });
  });

  it.each([
    ['fields', '{ sampel { name } }', {}],
    ['arguments', '{ samples(firts: 1) { pageInfo { hasNextPage } } }', {}],
    ['types', '{ sample { ... on Sampel { name } } }', {}],
    ['input fields', 'query ($input: LabelInput!) { label(input: $input) }', { input: { label: 'x', labe: 'x' } }],
    ['mutations', 'mutation { mutat }', {}],
  ])('suggests no %s', async (_what, query, variables) => {
    const { text, body } = await app.post({ query, variables });
    expect(body.errors).toHaveLength(1);
    expect(text).not.toMatch(/Did you mean|\\"(sample|first|Sample|label|mutate)\\"/);
  });

  it('can have introspection switched on', async () => {
    const open = await startSampleApp({ NODE_ENV: 'production', INTROSPECTION: 'true' });
    try {
      expect((await open.post({ query: getIntrospectionQuery() })).body.errors).toBeUndefined();
    } finally {
      await open.close();
    }
  });
});
