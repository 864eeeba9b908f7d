import { buildClientSchema, getIntrospectionQuery, GraphQLField, IntrospectionQuery } from 'graphql';
import { Boucle, GraphqlAnswer, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { openSubscriber } from '../support/subscriptions.js';
import { Account, Caller, callersOf, createAdministrator, createApiKey, refusalOf, register } from './callers.js';
import { callOf } from './dummy-arguments.js';
import { Expectation, FIELDS, Least, ROUTES } from './expectations.js';
import { servedRoutes } from './served-routes.js';

/** Time in which a subscription that is refused is refused. */
const BEGINS_MS = 250;

interface ServedField {
  readonly key: string;
  readonly operation: string;
  readonly field: GraphQLField<unknown, unknown>;
}

/** Fields after whose call the caller is logged out. */
const ENDS_SESSION: ReadonlySet<string> = new Set(['Mutation.logout']);

describe('authorisation of everything that is served', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let administrator: Account;
  let callers: Caller[];

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    administrator = await createAdministrator(boucle, database.url);
    callers = await callersOf(boucle, administrator);
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  it('knows every query, mutation and subscription', async () => {
    const served = (await servedFields(boucle)).map(({ key }) => key);
    expect(served.toSorted()).toEqual(Object.keys(FIELDS).toSorted());
  });

  it('lets exactly the right callers into every field', async () => {
    const wrong: string[] = [];
    for (const { key, operation, field } of await servedFields(boucle)) {
      if (!FIELDS[key]) continue;
      for (const caller of callers) wrong.push(...(await callField(boucle, caller, key, operation, field)));
    }
    expect(wrong).toEqual([]);
  }, 180_000);

  it('knows every route', async () => {
    const served = await servedRoutes(database.url, boucle.home);
    expect(served.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  it('lets exactly the right callers into every route', async () => {
    const wrong: string[] = [];
    for (const route of Object.keys(ROUTES)) {
      for (const caller of callers) wrong.push(...(await callRoute(boucle, caller, route)));
    }
    expect(wrong).toEqual([]);
  }, 180_000);

  it("treats other users' sessions and API keys as if they did not exist, even for an administrator", async () => {
    const owner = await register(boucle, 'owner@example.org');
    const stranger = await register(boucle, 'stranger@example.org');
    const key = await createApiKey(boucle, owner, {});
    const { sessions } = await boucle.ask('{ sessions { nodes { id } } }', {}, owner.accessToken);
    const session: string = sessions.nodes[0].id;
    for (const { accessToken } of [stranger, administrator]) {
      const revoke = (mutation: string, id: string) =>
        boucle.graphql(`mutation ($id: ID!) { ${mutation}(id: $id) }`, { id }, accessToken);
      expect(codeOf(await revoke('revokeSession', session))).toBe('NOT_FOUND');
      expect(codeOf(await revoke('revokeApiKey', key.id))).toBe('NOT_FOUND');
      const seen = await boucle.ask('{ sessions { nodes { id } } apiKeys { nodes { id } } }', {}, accessToken);
      expect(JSON.stringify(seen)).not.toContain(session);
      expect(JSON.stringify(seen)).not.toContain(key.id);
    }
    expect(await boucle.ask('{ me { email } }', {}, owner.accessToken)).toEqual({ me: { email: owner.email } });
    expect(await boucle.ask('{ me { email } }', {}, key.key)).toEqual({ me: { email: owner.email } });
  });
});

/** All root fields, from the schema that the started process describes. */
async function servedFields(boucle: Boucle): Promise<ServedField[]> {
  const schema = buildClientSchema((await boucle.ask(getIntrospectionQuery({ oneOf: true }))) as IntrospectionQuery);
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  return Object.entries(roots).flatMap(([operation, type]) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({ key: `${type!.name}.${field.name}`, operation, field })),
  );
}

/** @returns what was wrong with the answer, in words. */
async function callField(
  boucle: Boucle,
  caller: Caller,
  key: string,
  operation: string,
  field: GraphQLField<unknown, unknown>,
): Promise<string[]> {
  const expected = expectationOf(FIELDS[key]!);
  if (operation === 'subscription') return callSubscription(boucle, caller, key, field);
  const headers = ENDS_SESSION.has(key) ? await caller.spareHeaders() : caller.headers;
  const response = await boucle.fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(callOf(operation, field)),
  });
  const answer = (await response.json()) as GraphqlAnswer;
  const [error] = answer.errors ?? [];
  // Without a path the document itself was refused, and nobody has met the guard.
  if (error && !error.path) return [`${key}: the made-up call is not valid: ${error.message}`];
  return judge(key, caller, expected, error?.extensions['code'], error?.message);
}

/** Over a WebSocket, which closes for callers whom nobody knows. A subscription without an error has begun. */
async function callSubscription(
  boucle: Boucle,
  caller: Caller,
  key: string,
  field: GraphQLField<unknown, unknown>,
): Promise<string[]> {
  const expected = expectationOf(FIELDS[key]!);
  const subscriber = await openSubscriber(boucle, caller.headers);
  try {
    if (subscriber.closed()) return judge(key, caller, expected, 'UNAUTHENTICATED', subscriber.closed()!.reason);
    const { query, variables } = callOf('subscription', field);
    subscriber.subscribe(query, variables);
    await new Promise((resolve) => setTimeout(resolve, BEGINS_MS));
    const [error] = (subscriber.received.find(({ type }) => type === 'error')?.payload ??
      []) as GraphqlAnswer['errors'] & object;
    if (error?.extensions['code'] === 'BAD_INPUT') return [`${key}: the made-up call is not valid: ${error.message}`];
    return judge(key, caller, expected, error?.extensions['code'], error?.message);
  } finally {
    subscriber.close();
  }
}

async function callRoute(boucle: Boucle, caller: Caller, route: string): Promise<string[]> {
  const [method = '', pattern = ''] = route.split(' ');
  const expected = expectationOf(ROUTES[route]!);
  const path = pattern.replace(/:\w+/g, 'x').replace('*', 'x');
  const body = method === 'GET' || method === 'DELETE' ? undefined : '{}';
  const contentType = expected.contentType ?? 'application/json';
  const headers = { ...caller.headers, ...(body !== undefined && { 'content-type': contentType }) };
  const response = await boucle.fetch(path, { method, headers, ...(body !== undefined && { body }) });
  const text = await response.text();
  const code = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN' }[response.status] ?? `HTTP ${response.status}`;
  return judge(route, caller, expected, code, text.slice(0, 200));
}

function judge(key: string, caller: Caller, expected: Expectation, code?: string, message?: string): string[] {
  const refusal = refusalOf(caller, expected.least);
  const isRefused = code === 'UNAUTHENTICATED' || code === 'FORBIDDEN';
  const isRight = refusal === undefined ? !isRefused || code === expected.refuses : code === refusal;
  if (isRight) return [];
  return [`${key} as ${caller.name}: expected ${refusal ?? 'to pass'}, got ${code ?? 'data'} (${message ?? ''})`];
}

function expectationOf(entry: Least | Expectation): Expectation {
  return typeof entry === 'string' ? { least: entry } : entry;
}

function codeOf(answer: GraphqlAnswer): unknown {
  return answer.errors?.[0]?.extensions['code'];
}
