import pg from 'pg';
import { Boucle, GraphqlAnswer, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { Account, createAdministrator, createApiKey, login, PASSWORD, register, setRole } from '../security/callers.js';

const ME = '{ me { id email role canPromote } }';

function codeOf({ data, errors }: GraphqlAnswer): unknown {
  return errors?.[0]?.extensions['code'] ?? (data ? 'accepted' : 'nothing');
}

describe('accounts, over HTTP against a started process', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let admin: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    admin = await createAdministrator(boucle, database.url);
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  /** Audit events about a user or credential, newest first, as an administrator sees them. */
  async function auditOf(subjectId: string): Promise<{ action: string; actorId: string | null; details: object }[]> {
    const query = `query ($id: ID) { auditEvents(first: 200, filter: { subjectId: $id }) {
      nodes { action actorId address details createdAt } } }`;
    return (await boucle.ask(query, { id: subjectId }, admin.accessToken)).auditEvents.nodes;
  }

  function doLogin(email: string, password: string): Promise<GraphqlAnswer> {
    const input = { email, password };
    return boucle.graphql('mutation ($input: LoginInput!) { login(input: $input) { accessToken } }', { input });
  }

  function doRefresh(refreshToken: string): Promise<GraphqlAnswer> {
    const query = 'mutation ($t: String!) { refresh(input: { refreshToken: $t }) { accessToken refreshToken } }';
    return boucle.graphql(query, { t: refreshToken });
  }

  describe('registration and login', () => {
    it('makes a viewer, who can log in under any spelling of the address', async () => {
      const account = await register(boucle, '  Ada@Example.ORG ');
      const { me } = await boucle.ask(ME, {}, account.accessToken);
      expect(me).toEqual({ id: account.id, email: 'ada@example.org', role: 'VIEWER', canPromote: false });
      expect((await login(boucle, 'ADA@example.org')).id).toBe(account.id);
      const [stored] = await database.query<{ password_hash: string }>(
        'SELECT password_hash FROM app_user WHERE id = $1',
        [account.id],
      );
      expect(stored?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    });

    it('refuses a known address, wrong addresses and weak passwords, and says why', async () => {
      await register(boucle, 'taken@example.org');
      const attempt = (email: string, password: string): Promise<GraphqlAnswer> =>
        boucle.graphql('mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }', {
          input: { email, password },
        });
      expect(codeOf(await attempt('Taken@example.org', PASSWORD))).toBe('CONFLICT');
      expect(codeOf(await attempt('not an address', PASSWORD))).toBe('BAD_INPUT');
      const weak = ['short', 'aaaaaaaaaaaa', 'password123', 'Qwertyuiop!1', 'new@example.org', 'x'.repeat(201)];
      for (const password of weak) {
        const answer = await attempt('new@example.org', password);
        expect([password, codeOf(answer)]).toEqual([password, 'BAD_INPUT']);
        expect(JSON.stringify(answer.errors)).not.toContain(`"${password}"`);
      }
      expect(await database.query(`SELECT 1 FROM app_user WHERE email = 'new@example.org'`)).toEqual([]);
    });

    it('answers an unknown address like a wrong password, in words and in time', async () => {
      await register(boucle, 'known@example.org');
      const timed = async (email: string): Promise<{ ms: number; message: string | undefined; code: unknown }> => {
        const started = performance.now();
        const answer = await doLogin(email, 'not the password');
        return { ms: performance.now() - started, message: answer.errors?.[0]?.message, code: codeOf(answer) };
      };
      await timed('warm-up@example.org');
      const known = [];
      const unknown = [];
      for (let i = 0; i < 8; i++) {
        known.push(await timed('known@example.org'));
        unknown.push(await timed(`nobody-${i}@example.org`));
      }
      for (const { message, code } of [...known, ...unknown]) {
        expect({ message, code }).toEqual({ message: known[0]!.message, code: 'UNAUTHENTICATED' });
      }
      const median = (runs: { ms: number }[]): number => runs.map(({ ms }) => ms).toSorted((a, b) => a - b)[4]!;
      // Without the decoy hash an unknown address takes a small fraction of the time.
      expect(median(unknown)).toBeGreaterThan(median(known) / 2);
      expect(median(unknown)).toBeLessThan(median(known) * 2);
    });

    it('renews a hash made with lower parameters', async () => {
      const account = await register(boucle, 'old-hash@example.org');
      const { hash } = await import('@node-rs/argon2');
      const old = await hash(PASSWORD, { memoryCost: 4096, timeCost: 1, parallelism: 1 });
      await database.query('UPDATE app_user SET password_hash = $1 WHERE id = $2', [old, account.id]);
      await login(boucle, account.email);
      const [row] = await database.query<{ password_hash: string }>(
        'SELECT password_hash FROM app_user WHERE id = $1',
        [account.id],
      );
      expect(row?.password_hash).toContain('m=19456,t=2,p=1');
      await login(boucle, account.email);
    });

    it('makes no more than one wrong guess per request, however many aliases it has', async () => {
      await register(boucle, 'aliased@example.org');
      const own = `own: login(input: { email: "fresh-start@example.org", password: "${PASSWORD}" }) { expiresAt }`;
      await register(boucle, 'fresh-start@example.org');
      const aliases = Array.from(
        { length: 12 },
        (_, i) => `a${i}: login(input: { email: "aliased@example.org", password: "guess number ${i}" }) { expiresAt }`,
      );
      await database.query('DELETE FROM login_failure');
      const { errors = [] } = await boucle.graphql(`mutation { ${own} ${aliases.join(' ')} }`);
      expect(errors.map(({ path }) => path)).toEqual([['a0']]);
      const counted = await database.query('SELECT failures FROM login_failure');
      expect(counted).toEqual([{ failures: 1 }, { failures: 1 }]);
    });

    it('locks an account after 10 failures, says until when, and unlocks', async () => {
      const account = await register(boucle, 'guessed@example.org');
      for (let i = 0; i < 10; i++) {
        expect(codeOf(await doLogin('guessed@example.org', `guess number ${i}`))).toBe('UNAUTHENTICATED');
      }
      const answer = await doLogin('guessed@example.org', PASSWORD);
      expect(codeOf(answer)).toBe('RATE_LIMITED');
      expect(answer.errors?.[0]?.message).toMatch(/Try again in 1[45] min/);
      expect(answer.errors?.[0]?.extensions['details'].retryAfterSeconds).toBeGreaterThan(800);
      expect((await auditOf(account.id)).filter(({ action }) => action === 'login.failed')).toHaveLength(10);
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('accepted');
      await database.query(`UPDATE login_failure SET started_at = started_at - interval '16 minutes'`);
      expect(codeOf(await doLogin('guessed@example.org', PASSWORD))).toBe('accepted');
    });

    it('lets no more guesses through side by side than one after the other', async () => {
      await register(boucle, 'crowd@example.org');
      const answers = await Promise.all(
        Array.from({ length: 25 }, () => doLogin('crowd@example.org', 'a wrong guess')),
      );
      const codes = answers.map(codeOf);
      expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(10);
      expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(15);
      await database.query('DELETE FROM login_failure');
    });

    it('locks an address that tries many accounts, and forgives what succeeds', async () => {
      await register(boucle, 'busy@example.org');
      for (let i = 0; i < 60; i++) await login(boucle, 'busy@example.org');
      await database.query(`UPDATE login_failure SET failures = 49`);
      expect(codeOf(await doLogin('first@example.org', 'a wrong guess'))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doLogin('second@example.org', 'a wrong guess'))).toBe('RATE_LIMITED');
      await database.query('DELETE FROM login_failure');
    });
  });

  describe('refresh tokens', () => {
    it('are good once, lead to the next, and are stored as hashes', async () => {
      const account = await register(boucle, 'fresh@example.org');
      const { refresh } = await boucle.ask(
        'mutation ($t: String!) { refresh(input: { refreshToken: $t }) { accessToken refreshToken expiresAt user { email } } }',
        { t: account.refreshToken },
      );
      expect(refresh.user.email).toBe(account.email);
      expect(Date.parse(refresh.expiresAt) - Date.now()).toBeLessThanOrEqual(15 * 60_000);
      expect(codeOf(await boucle.graphql(ME, {}, refresh.accessToken))).toBe('accepted');
      const rows = await database.query('SELECT encode(hash, $1) AS hash FROM refresh_token', ['escape']);
      expect(JSON.stringify(rows)).not.toContain(refresh.refreshToken);
      expect(codeOf(await doRefresh('not a token'))).toBe('UNAUTHENTICATED');
    });

    it('end their session when used twice, at once, with a line in the audit log', async () => {
      const account = await register(boucle, 'reused@example.org');
      const other = await login(boucle, account.email);
      const next = (await doRefresh(account.refreshToken)).data.refresh;
      expect(codeOf(await doRefresh(account.refreshToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doRefresh(next.refreshToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await boucle.graphql(ME, {}, next.accessToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await boucle.graphql(ME, {}, other.accessToken))).toBe('accepted');
      const { auditEvents } = await boucle.ask(
        '{ auditEvents(filter: { action: "session.refresh_token_reused" }) { nodes { subjectKind details } } }',
        {},
        admin.accessToken,
      );
      expect(auditEvents.nodes).toEqual([{ subjectKind: 'session', details: { userId: account.id } }]);
    });

    it('have one winner of eight requests at once, who keeps the session', async () => {
      const { refreshToken, id } = await register(boucle, 'race@example.org');
      const answers = await whileTokenIsLocked(id, () => Array.from({ length: 8 }, () => doRefresh(refreshToken)));
      expect(answers.map(codeOf).toSorted()).toEqual([...Array<string>(7).fill('CONFLICT'), 'accepted']);
      const winner = answers.find((answer) => codeOf(answer) === 'accepted');
      expect(codeOf(await doRefresh(winner!.data.refresh.refreshToken))).toBe('accepted');
    });

    /** Starts requests that need the token of a user, and lets go of it only when all of them wait for it. */
    async function whileTokenIsLocked<T>(userId: string, start: () => Promise<T>[]): Promise<T[]> {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        await client.query('BEGIN');
        await client.query(
          'SELECT 1 FROM refresh_token t JOIN session s ON s.id = t.session_id WHERE s.user_id = $1 FOR UPDATE OF t',
          [userId],
        );
        const requests = start();
        for (let waiting = 0; waiting < requests.length;) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          const [row] = await database.query<{ count: number }>(
            `SELECT count(*)::int AS count FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          waiting = row!.count;
        }
        await client.query('COMMIT');
        return await Promise.all(requests);
      } finally {
        await client.end();
      }
    }

    it('end with the session: idle for 30 days, or 90 days old', async () => {
      const { id, refreshToken } = await register(boucle, 'idle@example.org');
      const [session] = await database.query<{ days: number }>(
        'SELECT extract(day FROM expires_at - now())::int AS days FROM session WHERE user_id = $1',
        [id],
      );
      expect(session?.days).toBe(29);
      await database.query(`UPDATE session SET created_at = now() - interval '89 days' WHERE user_id = $1`, [id]);
      const next = (await doRefresh(refreshToken)).data.refresh;
      const [capped] = await database.query<{ hours: number }>(
        'SELECT floor(extract(epoch FROM expires_at - now()) / 3600)::int AS hours FROM session WHERE user_id = $1',
        [id],
      );
      expect(capped?.hours).toBe(23);
      await database.query(`UPDATE session SET expires_at = now() WHERE user_id = $1`, [id]);
      expect(codeOf(await doRefresh(next.refreshToken))).toBe('UNAUTHENTICATED');
    });
  });

  describe('sessions and passwords', () => {
    it('ends a session by logout at once', async () => {
      const account = await register(boucle, 'leaving@example.org');
      expect(await boucle.ask('mutation { logout }', {}, account.accessToken)).toEqual({ logout: true });
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doRefresh(account.refreshToken))).toBe('UNAUTHENTICATED');
    });

    it('lists own sessions and revokes one', async () => {
      const first = await register(boucle, 'devices@example.org');
      const second = await login(boucle, first.email);
      const list = '{ sessions { nodes { id current address userAgent lastUsedAt expiresAt } } }';
      const { sessions } = await boucle.ask(list, {}, second.accessToken);
      expect(sessions.nodes.map(({ current }: { current: boolean }) => current)).toEqual([true, false]);
      expect(sessions.nodes[0]).toMatchObject({ address: '127.0.0.1', userAgent: 'node' });
      await boucle.ask(
        'mutation ($id: ID!) { revokeSession(id: $id) }',
        { id: sessions.nodes[1].id },
        second.accessToken,
      );
      expect(codeOf(await boucle.graphql(ME, {}, first.accessToken))).toBe('UNAUTHENTICATED');
      expect((await boucle.ask(list, {}, second.accessToken)).sessions.nodes).toHaveLength(1);
    });

    it('changes a password, and ends every other session', async () => {
      const account = await register(boucle, 'careful@example.org');
      const here = await login(boucle, account.email);
      const change = (current: string, next: string): Promise<GraphqlAnswer> =>
        boucle.graphql(
          'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }',
          { input: { current, next } },
          here.accessToken,
        );
      expect(codeOf(await change('wrong password', 'another fine phrase'))).toBe('BAD_INPUT');
      expect(codeOf(await change(PASSWORD, 'password123'))).toBe('BAD_INPUT');
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('accepted');
      expect(codeOf(await change(PASSWORD, 'another fine phrase'))).toBe('accepted');
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doRefresh(account.refreshToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await boucle.graphql(ME, {}, here.accessToken))).toBe('accepted');
      expect(codeOf(await doLogin(account.email, PASSWORD))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doLogin(account.email, 'another fine phrase'))).toBe('accepted');
    });

    it('lets an administrator hand out a one-time reset', async () => {
      const account = await register(boucle, 'forgetful@example.org');
      const ask = 'mutation ($id: ID!) { createPasswordReset(userId: $id) { token expiresAt } }';
      const earlier = (await boucle.ask(ask, { id: account.id }, admin.accessToken)).createPasswordReset;
      const { token } = (await boucle.ask(ask, { id: account.id }, admin.accessToken)).createPasswordReset;
      const reset = (given: string, password: string): Promise<GraphqlAnswer> =>
        boucle.graphql('mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) }', {
          input: { token: given, password },
        });
      expect(codeOf(await reset(earlier.token, 'a newly chosen phrase'))).toBe('FORBIDDEN');
      expect(codeOf(await reset(token, 'password123'))).toBe('BAD_INPUT');
      expect(codeOf(await reset(token, 'a newly chosen phrase'))).toBe('accepted');
      expect(codeOf(await reset(token, 'a newly chosen phrase'))).toBe('FORBIDDEN');
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doLogin(account.email, 'a newly chosen phrase'))).toBe('accepted');
    });
  });

  describe('API keys', () => {
    it('act for their owner by either header, as far as both roles allow', async () => {
      const owner = await register(boucle, 'service@example.org');
      await setRole(boucle, admin, owner.id, 'ENGINEER');
      const { key } = await createApiKey(boucle, owner, { role: 'ENGINEER' });
      expect(key).toMatch(/^boucle_[0-9a-f]{12}_[\w-]{43}$/);
      expect((await boucle.ask(ME, {}, key)).me.email).toBe(owner.email);
      const rest = (): Promise<Response> =>
        boucle.fetch('/v1/models/x/predict', { method: 'POST', headers: { 'x-api-key': key } });
      expect((await rest()).status).not.toBe(403);
      await setRole(boucle, admin, owner.id, 'VIEWER');
      expect((await rest()).status).toBe(403);
      const [stored] = await database.query<{ used: boolean; text: string }>(
        'SELECT last_used_at IS NOT NULL AS used, k::text AS text FROM api_key k WHERE user_id = $1',
        [owner.id],
      );
      expect(stored?.used).toBe(true);
      expect(stored?.text).not.toContain(key.slice(-43));
    });

    it('cannot do more than their owner, nor make themselves at home', async () => {
      const owner = await register(boucle, 'modest@example.org');
      const create = (input: object, token: string): Promise<GraphqlAnswer> =>
        boucle.graphql(
          'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
          { input: { name: 'k', ...input } },
          token,
        );
      expect(codeOf(await create({ role: 'ENGINEER' }, owner.accessToken))).toBe('FORBIDDEN');
      expect(codeOf(await create({ canPromote: true }, owner.accessToken))).toBe('FORBIDDEN');
      expect(codeOf(await create({ expiresAt: '2020-01-01T00:00:00Z' }, owner.accessToken))).toBe('BAD_INPUT');
      expect(codeOf(await create({ models: [] }, owner.accessToken))).toBe('BAD_INPUT');
      expect(codeOf(await create({ role: 'ENGINEER', models: ['m'] }, admin.accessToken))).toBe('BAD_INPUT');
      const { key } = await createApiKey(boucle, owner, { models: ['weather'] });
      expect(codeOf(await create({}, key))).toBe('FORBIDDEN');
      expect(codeOf(await boucle.graphql('mutation { logout }', {}, key))).toBe('FORBIDDEN');
    });

    it('end when revoked, expired, changed by a letter, or their owner is disabled', async () => {
      const owner = await register(boucle, 'keeper@example.org');
      const one = await createApiKey(boucle, owner, {});
      const two = await createApiKey(boucle, owner, { expiresAt: new Date(Date.now() + 1_500).toISOString() });
      const three = await createApiKey(boucle, owner, {});
      const use = async (key: string): Promise<unknown> => codeOf(await boucle.graphql(ME, {}, key));
      expect(await Promise.all([use(one.key), use(two.key), use(three.key)])).toEqual(Array(3).fill('accepted'));
      const altered = three.key.slice(0, -5) + (three.key.at(-5) === 'A' ? 'B' : 'A') + three.key.slice(-4);
      expect(await use(altered)).toBe('UNAUTHENTICATED');
      await boucle.ask('mutation ($id: ID!) { revokeApiKey(id: $id) }', { id: one.id }, owner.accessToken);
      expect(await use(one.key)).toBe('UNAUTHENTICATED');
      const listed = (await boucle.ask('{ apiKeys { nodes { id } } }', {}, owner.accessToken)).apiKeys.nodes;
      expect(listed.map(({ id }: { id: string }) => id)).toEqual([three.id, two.id]);
      // An expiry is noticed within the bound of five seconds.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      expect(await use(two.key)).toBe('UNAUTHENTICATED');
      const byAdmin = (mutation: string): Promise<unknown> =>
        boucle.ask(`mutation ($id: ID!) { ${mutation}(id: $id) { disabledAt } }`, { id: owner.id }, admin.accessToken);
      await byAdmin('disableUser');
      expect(await use(three.key)).toBe('UNAUTHENTICATED');
      await byAdmin('enableUser');
      expect(await use(three.key)).toBe('accepted');
    });
  });

  describe('administration', () => {
    it('changes roles with effect on tokens already issued', async () => {
      const account = await register(boucle, 'rising@example.org');
      expect(codeOf(await boucle.graphql('{ users { nodes { id } } }', {}, account.accessToken))).toBe('FORBIDDEN');
      const changed = await setRole(boucle, admin, account.id, 'ADMIN');
      expect(changed).toEqual({ id: account.id, role: 'ADMIN', canPromote: true });
      expect(codeOf(await boucle.graphql('{ users { nodes { id } } }', {}, account.accessToken))).toBe('accepted');
      await setRole(boucle, admin, account.id, 'VIEWER');
      expect(codeOf(await boucle.graphql('{ users { nodes { id } } }', {}, account.accessToken))).toBe('FORBIDDEN');
    });

    it('disables, enables and deletes users, sessions and keys with them', async () => {
      const account = await register(boucle, 'going@example.org');
      const { key } = await createApiKey(boucle, account, {});
      const change = (mutation: string): Promise<GraphqlAnswer> =>
        boucle.graphql(`mutation ($id: ID!) { ${mutation} }`, { id: account.id }, admin.accessToken);
      expect((await change('disableUser(id: $id) { disabledAt }')).data.disableUser.disabledAt).not.toBeNull();
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doRefresh(account.refreshToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await doLogin(account.email, PASSWORD))).toBe('FORBIDDEN');
      expect(codeOf(await doLogin(account.email, 'a wrong guess'))).toBe('UNAUTHENTICATED');
      await change('enableUser(id: $id) { disabledAt }');
      // Sessions from before stay closed.
      expect(codeOf(await boucle.graphql(ME, {}, account.accessToken))).toBe('UNAUTHENTICATED');
      const again = await login(boucle, account.email);
      expect((await change('deleteUser(id: $id)')).data).toEqual({ deleteUser: true });
      expect(codeOf(await boucle.graphql(ME, {}, again.accessToken))).toBe('UNAUTHENTICATED');
      expect(codeOf(await boucle.graphql(ME, {}, key))).toBe('UNAUTHENTICATED');
      expect(codeOf(await change('deleteUser(id: $id)'))).toBe('NOT_FOUND');
      const rows = await database.query(
        `SELECT id FROM session WHERE user_id = $1 UNION ALL SELECT id FROM api_key WHERE user_id = $1`,
        [account.id],
      );
      expect(rows).toEqual([]);
      const actions = (await auditOf(account.id)).map(({ action }) => action);
      expect(actions).toEqual(['user.deleted', 'user.enabled', 'login.failed', 'user.disabled', 'user.registered']);
    });

    it('never loses the last administrator, even if two remove each other at once', async () => {
      const refused = async (mutation: string): Promise<void> => {
        const answer = await boucle.graphql(`mutation ($id: ID!) { ${mutation} }`, { id: admin.id }, admin.accessToken);
        expect(codeOf(answer)).toBe('INVALID_STATE');
      };
      await refused('disableUser(id: $id) { id }');
      await refused('deleteUser(id: $id)');
      await refused('setUserRole(input: { userId: $id, role: ENGINEER }) { id }');
      const other = await register(boucle, 'second-admin@example.org');
      await setRole(boucle, admin, other.id, 'ADMIN');
      const disable = 'mutation ($id: ID!) { disableUser(id: $id) { id } }';
      await Promise.all([
        boucle.graphql(disable, { id: other.id }, admin.accessToken),
        boucle.graphql(disable, { id: admin.id }, other.accessToken),
      ]);
      const active = await database.query<{ id: string }>(
        `SELECT id FROM app_user WHERE role = 'ADMIN' AND disabled_at IS NULL`,
      );
      expect(active).toHaveLength(1);
      await database.query('UPDATE app_user SET disabled_at = NULL WHERE id = $1', [admin.id]);
      admin = await login(boucle, admin.email);
      await setRole(boucle, admin, other.id, 'VIEWER');
    });

    it('pages through the users, newest first', async () => {
      const page =
        'query ($after: String) { users(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
      const seen: string[] = [];
      for (let after: string | null = null; ;) {
        const { users } = await boucle.ask(page, { after }, admin.accessToken);
        seen.push(...users.nodes.map(({ id }: { id: string }) => id));
        if (!users.pageInfo.hasNextPage) break;
        after = users.pageInfo.endCursor;
      }
      const all = await database.query<{ id: string }>('SELECT id FROM app_user ORDER BY id DESC');
      expect(seen).toEqual(all.map(({ id }) => id));
    });

    it('has an audit log that nobody can change', async () => {
      for (const sql of [
        `UPDATE audit_event SET action = 'x'`,
        'DELETE FROM audit_event',
        'TRUNCATE audit_event',
        `DELETE FROM audit_event WHERE action = 'nothing has this'`,
      ]) {
        await expect(database.query(sql)).rejects.toThrow(/audit log can only grow/);
      }
      const text = JSON.stringify(await database.query('SELECT * FROM audit_event'));
      expect(text).not.toContain('@example.org');
      expect(text).not.toContain(PASSWORD);
    });
  });

  describe('create-admin', () => {
    const env = (): Record<string, string> => ({ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET });

    it('works beside existing users, and says so', async () => {
      const { code, output } = await runBoucle(
        ['create-admin', '--email', 'Third@example.org'],
        env(),
        `${PASSWORD}\n`,
      );
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(
          /third@example.org is an administrator now \(accounts that existed before: \d+\)/,
        ),
      });
      const { accessToken } = await login(boucle, 'third@example.org');
      expect((await boucle.ask(ME, {}, accessToken)).me.role).toBe('ADMIN');
    });

    it.each([
      ['no password', 'fourth@example.org', '', /No password was given/],
      ['a weak password', 'fourth@example.org', 'password123', /guessed first/],
      ['a known address', 'third@example.org', PASSWORD, /an account with this e-mail address already/],
      ['no address', 'somebody', PASSWORD, /must be an e-mail address/],
    ])('refuses %s', async (_, email, password, message) => {
      const { code, output } = await runBoucle(['create-admin', '--email', email], env(), password);
      expect(code).toBe(1);
      expect(output).toMatch(message);
      expect(output).not.toMatch(/\n\s+at /);
    });
  });
});
