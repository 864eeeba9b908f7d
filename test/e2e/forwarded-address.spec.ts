import { randomBytes } from 'node:crypto';
import { Boucle, GraphqlAnswer, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { PASSWORD, register } from '../security/callers.js';

const EMAIL = 'somebody@example.org';
const LOGIN = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';

async function login(boucle: Boucle, forwardedFor: string, password = PASSWORD): Promise<GraphqlAnswer> {
  const response = await boucle.fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': forwardedFor },
    body: JSON.stringify({ query: LOGIN, variables: { input: { email: EMAIL, password } } }),
  });
  return (await response.json()) as GraphqlAnswer;
}

/** The address that a new session is recorded with. */
async function addressOf(boucle: Boucle, forwardedFor: string): Promise<string> {
  const token: string = (await login(boucle, forwardedFor)).data.login.accessToken;
  const { sessions } = await boucle.ask('{ sessions { nodes { address current } } }', {}, token);
  return sessions.nodes.find(({ current }: { current: boolean }) => current).address;
}

describe('the address of a client, with a forged X-Forwarded-For', () => {
  let database: TestDatabase;
  let boucle: Boucle;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await boucle.stop();
  });

  afterAll(async () => {
    await database.drop();
  });

  it('is that of the connection without a proxy', async () => {
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    await register(boucle, EMAIL);
    expect(await addressOf(boucle, '6.6.6.6')).toBe('127.0.0.1');
  });

  it('is what the one proxy has seen', async () => {
    boucle = await startBoucle({ databaseUrl: database.url, env: { TRUST_PROXY: 'true' } });
    expect(await addressOf(boucle, '6.6.6.6, 203.0.113.7')).toBe('203.0.113.7');
  });

  it('is what the first of two proxies has seen', async () => {
    boucle = await startBoucle({ databaseUrl: database.url, env: { TRUST_PROXY: '2' } });
    expect(await addressOf(boucle, '6.6.6.6, 203.0.113.7, 10.0.0.2')).toBe('203.0.113.7');
    const failed = await login(boucle, randomBytes(5_000).toString('hex'), 'a wrong password');
    expect(failed.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });
});
