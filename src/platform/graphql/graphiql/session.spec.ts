import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Session } from './session.js';

/** An HTTP server that issues tokens as Boucle does: refresh tokens are single use. */
interface TokenServer {
  readonly url: string;
  readonly received: { operation: string; authorization: string | undefined }[];
  /** Lifetime of the access tokens it hands out from now on. */
  lifetimeSeconds: number;
  refuseRefresh: boolean;
  close(): Promise<void>;
}

async function startTokenServer(): Promise<TokenServer> {
  let issued = 0;
  const issue = (lifetimeSeconds: number) => {
    issued++;
    // An hour behind: the session must not compare the server's clock with this computer's.
    const iat = Math.floor(Date.now() / 1000) - 3600;
    const claims = Buffer.from(JSON.stringify({ iat, exp: iat + lifetimeSeconds })).toString('base64url');
    return { accessToken: `header.${claims}.${issued}`, refreshToken: `refresh-${issued}` };
  };
  const server: Server = createServer((request, response) => {
    void readJson(request).then(({ query, variables }) => {
      const operation = /(?:query|mutation) (\w+)/.exec(query)?.[1] ?? '';
      state.received.push({ operation, authorization: request.headers.authorization });
      response.end(JSON.stringify(answer(operation, variables)));
    });
  });
  const answer = (operation: string, variables: Record<string, string>) => {
    const refused = (message: string) => ({ data: null, errors: [{ message }] });
    if (operation === 'Login') {
      return variables['password'] === 'right' ? { data: { login: issue(state.lifetimeSeconds) } } : refused('No.');
    }
    if (operation === 'Refresh') {
      if (state.refuseRefresh || variables['refreshToken'] !== `refresh-${issued}`) return refused('Reused.');
      return { data: { refresh: issue(state.lifetimeSeconds) } };
    }
    return { data: {} };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: TokenServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    received: [],
    lifetimeSeconds: 900,
    refuseRefresh: false,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return state;
}

async function readJson(request: IncomingMessage): Promise<{ query: string; variables: Record<string, string> }> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as { query: string; variables: Record<string, string> };
}

describe('Session', () => {
  let server: TokenServer;
  let session: Session;

  beforeEach(async () => {
    server = await startTokenServer();
    session = new Session(server.url);
  });
  afterEach(() => server.close());

  const run = (name: string, headers: Record<string, string> = {}) =>
    session.fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query: `query ${name} { x }` }) });
  const operations = () => server.received.map(({ operation }) => operation);

  it('sends no credential before and the access token after signing in', async () => {
    await run('Before');
    await session.signIn('ada@example.com', 'right');
    await run('After');
    const [before, , after] = server.received;
    expect(before?.authorization).toBeUndefined();
    expect(after?.authorization).toMatch(/^Bearer header\..+\.1$/);
    expect(session.state).toEqual({ email: 'ada@example.com', notice: null });
  });

  it('reports why signing in failed and stays signed out', async () => {
    await expect(session.signIn('ada@example.com', 'wrong')).rejects.toThrow('No.');
    expect(session.state.email).toBeNull();
  });

  it('leaves a credential of the headers editor alone', async () => {
    await session.signIn('ada@example.com', 'right');
    await run('OwnToken', { Authorization: 'Bearer mine' });
    await run('OwnKey', { 'X-API-Key': 'mine' });
    expect(server.received.slice(1).map(({ authorization }) => authorization)).toEqual(['Bearer mine', undefined]);
  });

  it('renews an expiring token once for requests that run at the same time', async () => {
    server.lifetimeSeconds = 1;
    await session.signIn('ada@example.com', 'right');
    server.lifetimeSeconds = 900;
    await Promise.all([run('A'), run('B'), run('C')]);
    expect(operations().filter((name) => name === 'Refresh')).toHaveLength(1);
    const tokens = server.received.filter(({ operation }) => /^[ABC]$/.test(operation));
    for (const { authorization } of tokens) expect(authorization).toMatch(/\.2$/);
  });

  it('does not renew a fresh token, however wrong the clocks are', async () => {
    await session.signIn('ada@example.com', 'right');
    await run('A');
    expect(operations()).toEqual(['Login', 'A']);
  });

  it('ends the session with a notice when the renewal is refused', async () => {
    const seen: (string | null)[] = [];
    session.subscribe(() => seen.push(session.state.email));
    server.lifetimeSeconds = 1;
    await session.signIn('ada@example.com', 'right');
    server.refuseRefresh = true;
    await run('After');
    expect(session.state.email).toBeNull();
    expect(session.state.notice).toContain('sign in again');
    expect(server.received.at(-1)).toEqual({ operation: 'After', authorization: undefined });
    expect(seen).toEqual(['ada@example.com', null]);
  });

  it('forgets the tokens on signing out and tells the server', async () => {
    await session.signIn('ada@example.com', 'right');
    await session.signOut();
    await run('After');
    expect(operations()).toEqual(['Login', 'Logout', 'After']);
    expect(server.received[1]?.authorization).toMatch(/^Bearer /);
    expect(server.received[2]?.authorization).toBeUndefined();
  });

  it('forgets the tokens on signing out even if the server is gone, and says so', async () => {
    await session.signIn('ada@example.com', 'right');
    await server.close();
    await session.signOut();
    expect(session.state.email).toBeNull();
    expect(session.state.notice).toContain('did not revoke');
    expect(await session.authorization()).toEqual({});
  });
});
