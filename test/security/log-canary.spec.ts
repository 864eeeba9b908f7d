import { randomBytes } from 'node:crypto';
import { Boucle, GraphqlAnswer, runBoucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';

/** A secret that stands nowhere else, so that any trace of it is a leak. */
const canary = (): string => `canary-${randomBytes(12).toString('hex')}`;

describe('logs', () => {
  let database: TestDatabase;
  const secrets: Record<string, string> = {};
  const seed = (name: string): string => (secrets[name] = canary());
  const found = (output: string): string[] => Object.keys(secrets).filter((name) => output.includes(secrets[name]!));

  beforeAll(async () => {
    database = await createTestDatabase();
    secrets['password of the database'] = new URL(database.url).password;
  });

  afterAll(async () => {
    await database.drop();
  });

  it('hold no secret of settings, logins, tokens and keys, at the most talkative level', async () => {
    const secret = `${seed('BOUCLE_SECRET')}-padded-to-32-characters`;
    const env = { DATABASE_URL: database.url, BOUCLE_SECRET: secret };
    const password = seed('password');
    const admin = await runBoucle(['create-admin', '--email', 'admin@example.org'], env, password);
    expect(admin.code).toBe(0);
    const boucle = await startBoucle({
      databaseUrl: database.url,
      env: { BOUCLE_SECRET: secret, DATABASE_DIRECT_URL: database.url, LOG_LEVEL: 'trace', REGISTRATION: 'open' },
    });
    try {
      await useEverySecret(boucle, password);
      await causeErrors(boucle);
    } finally {
      await boucle.stop();
    }
    const output = admin.output + boucle.output();
    // The log is not empty, and holds the failures that were caused.
    expect(output).toContain('request failed');
    expect(output).toMatch(/POST \/graphql 200/);
    expect(Object.keys(secrets).length).toBeGreaterThan(12);
    expect(output).not.toContain('$argon2id$');
    expect(found(output)).toEqual([]);
  });

  it('hold no secret of settings that are wrong', async () => {
    const wrong = { PORT: seed('PORT'), LOG_LEVEL: seed('LOG_LEVEL'), DATABASE_URL: seed('DATABASE_URL') };
    const { code, output } = await runBoucle(['all'], { ...wrong, BOUCLE_SECRET: 'short' });
    expect(code).toBe(1);
    for (const name of Object.keys(wrong)) expect(output).toContain(name);
    expect(found(output)).toEqual([]);
  });

  it('hold no secret of a database that refuses us', async () => {
    const url = new URL(database.url);
    url.password = seed('a wrong password of the database');
    const { code, output } = await runBoucle(['migrate'], {
      DATABASE_URL: url.href,
      BOUCLE_SECRET: `${seed('another BOUCLE_SECRET')}-padded-to-32-characters`,
    });
    expect(code).toBe(1);
    expect(output).not.toBe('');
    expect(found(output)).toEqual([]);
  });

  async function useEverySecret(boucle: Boucle, password: string): Promise<void> {
    const call = async (field: string, variables: Record<string, string>, token?: string): Promise<GraphqlAnswer> => {
      const declared = Object.keys(variables).map((name) => `$${name}: String!`);
      const head = declared.length > 0 ? `(${declared.join(', ')})` : '';
      return boucle.graphql(`mutation ${head} { answer: ${field} }`, variables, token);
    };
    const payload = '{ accessToken refreshToken }';
    const login = `login(input: { email: "admin@example.org", password: $password }) ${payload}`;
    await call(login, { password: seed('wrong password') });
    await boucle.graphql(
      `mutation { login(input: { email: "${seed('password typed as address')}", password: "x" }) ${payload} }`,
    );
    const first = (await call(login, { password })).data.answer;
    const session = (await call(`refresh(input: { refreshToken: $t }) ${payload}`, { t: first.refreshToken })).data
      .answer;
    Object.assign(secrets, { 'first access token': first.accessToken, 'first refresh token': first.refreshToken });
    Object.assign(secrets, { 'access token': session.accessToken, 'refresh token': session.refreshToken });

    const key = await call('createApiKey(input: { name: "k" }) { secret }', {}, session.accessToken);
    secrets['API key'] = key.data.answer.secret;
    const invitation = await call('createInvitation(input: {}) { token }', {}, session.accessToken);
    secrets['invitation'] = invitation.data.answer.token;
    const { me } = await boucle.ask('{ me { id } }', {}, session.accessToken);
    const reset = await call(`createPasswordReset(userId: "${me.id}") { token }`, {}, session.accessToken);
    secrets['password reset'] = reset.data.answer.token;
    expect(Object.values(secrets).every((secret) => secret.length > 10)).toBe(true);

    await boucle.fetch('/v1/models/x/predict', { method: 'POST', headers: { 'x-api-key': secrets['API key']! } });
    await boucle.fetch('/v1/models/x/predict', { method: 'POST', headers: { 'x-api-key': seed('wrong API key') } });
    await boucle.fetch('/v1/models/x/predict', { method: 'POST', token: secrets['API key']! });
    await boucle.fetch(`/nowhere?access_token=${session.accessToken}`);
    await boucle.fetch('/nowhere', { headers: { cookie: `session=${seed('cookie')}` } });
    await call(
      'changePassword(input: { current: $current, next: $next })',
      {
        current: password,
        next: seed('next password'),
      },
      session.accessToken,
    );
    await call('resetPassword(input: { token: $token, password: $next })', {
      token: secrets['password reset']!,
      next: seed('password after the reset'),
    });
    await call(
      `register(input: { email: "new@example.org", password: $password, invitation: $invitation }) ${payload}`,
      {
        password: seed('password of a new user'),
        invitation: secrets['invitation']!,
      },
    );
    // What was used last is reused: the error that follows must not repeat it.
    await call(`refresh(input: { refreshToken: $t }) ${payload}`, { t: first.refreshToken });
  }

  /** A failing statement is logged with its cause; the parameters of the statement must stay out of it. */
  async function causeErrors(boucle: Boucle): Promise<void> {
    await database.query('ALTER TABLE app_user RENAME TO app_user_away');
    const answer = await boucle.graphql(
      'mutation ($p: String!) { register(input: { email: "late@example.org", password: $p }) { accessToken } }',
      { p: seed('password during a failure') },
    );
    await database.query('ALTER TABLE app_user_away RENAME TO app_user');
    expect(answer.errors?.[0]?.extensions['code']).toBe('INTERNAL');
    expect(JSON.stringify(answer)).not.toContain('app_user');
    await boucle.fetch('/graphql', {
      method: 'POST',
      body: seed('body that is no JSON'),
      headers: { 'content-type': 'application/json' },
    });
    await boucle.graphql(`{ ${seed('field name').replaceAll('-', '_')} }`);
  }
});
