import { once } from 'node:events';
import { parse } from 'graphql';
import { MAX_ALIASES, MAX_DEPTH, MAX_TOKENS } from '../../src/platform/graphql/query-limits.js';
import { SECRET_SQL, startSampleApp, type SampleApp } from './graphql-app.js';

interface Message {
  readonly id?: string;
  readonly type: string;
  // The shape depends on the query; tests assert on it.
  readonly payload?: any;
}

describe.each([
  ['development', true],
  ['production', false],
])('GraphQL over WebSocket, in %s', (mode, isOpen) => {
  let app: SampleApp;
  let socket: WebSocket;
  let received: Message[];
  let id = 0;

  beforeAll(async () => {
    app = await startSampleApp({ NODE_ENV: mode });
    socket = new WebSocket(app.url.replace('http', 'ws'), 'graphql-transport-ws');
    received = [];
    socket.addEventListener('message', ({ data }) => received.push(JSON.parse(data as string) as Message));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await until(() => received.some(({ type }) => type === 'connection_ack'));
  });
  afterAll(async () => {
    socket.close();
    await app.close();
  });

  /** All messages about one subscription, up to its end. */
  const subscribe = async (query: unknown, variables?: object): Promise<Message[]> => {
    const own = String(++id);
    socket.send(JSON.stringify({ id: own, type: 'subscribe', payload: { query, variables } }));
    await until(() => received.some((message) => message.id === own && message.type !== 'next'));
    return received.filter((message) => message.id === own);
  };
  const errorOf = async (query: unknown, variables?: object) => {
    const messages = await subscribe(query, variables);
    expect(messages.map(({ type }) => type)).toEqual(['error']);
    return messages[0]!.payload[0];
  };
  const expectRefusal = async (query: unknown, code: string, message: RegExp) => {
    expect(await errorOf(query)).toMatchObject({
      message: expect.stringMatching(message),
      extensions: { code, requestId: expect.any(String) },
    });
  };

  it('delivers, after a handshake that no header but those of WebSockets accompanies', async () => {
    const messages = await subscribe('subscription { sampled(first: 2) { name } }');
    expect(messages.map(({ type, payload }) => [type, payload?.data?.sampled.name])).toEqual([
      ['next', 'sample 0'],
      ['next', 'sample 1'],
      ['complete', undefined],
    ]);
  });

  it('has the limits of depth, aliases, tokens and cost', async () => {
    const sampled = (selections: string) => `subscription { sampled(first: 1) { ${selections} } }`;
    const deep = (levels: number): string => (levels === 1 ? 'name' : `self { ${deep(levels - 1)} }`);
    const aliases = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: name`).join(' ');
    const cost = (fields: number) => sampled(`parts { parts { parts { ${'name '.repeat(fields)} } } }`);
    // In two selections: graphql-js gives up on 1,000 fields of one name in one.
    const tokens = (count: number) =>
      sampled(`self { ${'name '.repeat(490)} } b: self { ${'name '.repeat(count - 509)} }`);
    const ends = async (query: string) => (await subscribe(query)).at(-1)?.type;

    expect(await ends(sampled(deep(MAX_DEPTH - 1)))).toBe('complete');
    await expectRefusal(sampled(deep(MAX_DEPTH)), 'LIMIT_EXCEEDED', /15 levels/);
    expect(await ends(sampled(aliases(MAX_ALIASES)))).toBe('complete');
    await expectRefusal(sampled(aliases(MAX_ALIASES + 1)), 'LIMIT_EXCEEDED', /30 aliases/);
    expect(await ends(cost(9))).toBe('complete');
    await expectRefusal(cost(10), 'LIMIT_EXCEEDED', /10,000 fields/);
    expect(await ends(tokens(MAX_TOKENS))).toBe('complete');
    await expectRefusal(tokens(MAX_TOKENS + 1), 'LIMIT_EXCEEDED', /1,000 tokens/);
  });

  it('validates documents', async () => {
    await expectRefusal(
      'subscription { sampled(first: 1) { nam } }',
      'BAD_INPUT',
      isOpen ? /Did you mean/ : /"Sample"\.$/,
    );
    const cycle = 'fragment A on Sample { self { ...A } }';
    await expectRefusal(`subscription { sampled(first: 1) { ...A } } ${cycle}`, 'BAD_INPUT', /within itself/);
  });

  it('runs no syntax tree and no query', async () => {
    const tree = { ...parse('subscription { sampled(first: 1) { name } }', { noLocation: true }), loc: { start: 0 } };
    await expectRefusal(tree, 'BAD_INPUT', /GraphQL language/);
    expect((await errorOf('{ sample { name } }')).message).toMatch(/Invalid operation/);
  });

  it('shows no unexpected error of a subscription, neither at its start nor in an event', async () => {
    await expectRefusal('subscription { failsToSubscribe { name } }', 'INTERNAL', /our side/);
    const messages = await subscribe('subscription { sampled(first: 2) { broken } }');
    expect(messages[1]!.payload).toMatchObject({
      data: { sampled: { broken: null } },
      errors: [{ message: expect.stringMatching(/our side/), extensions: { code: 'INTERNAL' } }],
    });
    expect(JSON.stringify(received)).not.toContain(SECRET_SQL);
    expect(app.log.filter((entry) => entry.includes('password_hash'))).toHaveLength(2);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
