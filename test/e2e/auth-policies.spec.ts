import { Boucle, GraphqlAnswer, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { createAdministrator, login, PASSWORD, setRole } from '../security/callers.js';

const REGISTER = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken user { role } } }';
const ME = '{ me { role } }';

function codeOf({ data, errors }: GraphqlAnswer): unknown {
  return errors?.[0]?.extensions['code'] ?? (data ? 'accepted' : 'nothing');
}

function attempt(boucle: Boucle, email: string, invitation?: string): Promise<GraphqlAnswer> {
  return boucle.graphql(REGISTER, { input: { email, password: PASSWORD, invitation } });
}

describe('who may register', () => {
  let database: TestDatabase;
  let boucle: Boucle;

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await boucle.stop();
    await database.drop();
  });

  it('with a server: those with an invitation, once, and nobody becomes administrator', async () => {
    boucle = await startBoucle({ databaseUrl: database.url });
    expect(codeOf(await attempt(boucle, 'first@example.org'))).toBe('FORBIDDEN');
    expect(codeOf(await attempt(boucle, 'first@example.org', 'made up'))).toBe('FORBIDDEN');
    const admin = await createAdministrator(boucle, database.url);
    const invite = async (email?: string): Promise<string> =>
      (
        await boucle.ask(
          'mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { token expiresAt } }',
          { input: { email } },
          admin.accessToken,
        )
      ).createInvitation.token;
    const open = await invite();
    const personal = await invite('Guest@example.org');
    expect(codeOf(await attempt(boucle, 'stranger@example.org', personal))).toBe('FORBIDDEN');
    // Refused for its address, so it is not used up; nor is one whose registration fails later.
    expect(codeOf(await attempt(boucle, 'administrator@example.org', open))).toBe('CONFLICT');
    const guest = await attempt(boucle, 'guest@example.org', personal);
    expect(guest.data.register.user.role).toBe('VIEWER');
    const both = await Promise.all([attempt(boucle, 'a@example.org', open), attempt(boucle, 'b@example.org', open)]);
    expect(both.map(codeOf).toSorted()).toEqual(['FORBIDDEN', 'accepted']);
    const late = await invite();
    await database.query(`UPDATE invitation SET expires_at = now() WHERE used_at IS NULL`);
    expect(codeOf(await attempt(boucle, 'late@example.org', late))).toBe('FORBIDDEN');
  });

  it('nobody, when registration is closed', async () => {
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'closed' } });
    expect(codeOf(await attempt(boucle, 'first@example.org', 'x'))).toBe('FORBIDDEN');
  });

  it('everybody, when it is open; but the first is no administrator of a server', async () => {
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    expect((await attempt(boucle, 'first@example.org')).data.register.user.role).toBe('VIEWER');
  });
});

describe('the first registration of an embedded installation', () => {
  it('becomes administrator, exactly one of twenty at once', async () => {
    const boucle = await startBoucle();
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => attempt(boucle, `user-${i}@example.org`)));
      const roles = answers.map(({ data }) => data.register.user.role as string).toSorted();
      expect(roles).toEqual(['ADMIN', ...Array<string>(19).fill('VIEWER')]);
    } finally {
      await boucle.stop();
    }
  });
});

describe('two replicas', () => {
  it('agree on the end of a session, a role and a lock within five seconds', async () => {
    const database = await createTestDatabase();
    const env = { REGISTRATION: 'open' };
    const one = await startBoucle({ databaseUrl: database.url, env });
    const two = await startBoucle({ databaseUrl: database.url, env, role: 'api' });
    try {
      const admin = await createAdministrator(one, database.url);
      const spare = await login(one, admin.email);
      const user = (await attempt(one, 'user@example.org')).data.register.accessToken as string;
      expect(await Promise.all([two.ask(ME, {}, user), two.ask(ME, {}, spare.accessToken)])).toHaveLength(2);

      const { users } = await one.ask('{ users { nodes { id email } } }', {}, admin.accessToken);
      const { id } = users.nodes.find(({ email }: { email: string }) => email === 'user@example.org');
      await setRole(one, admin, id, 'ADMIN');
      await one.ask('mutation { logout }', {}, spare.accessToken);
      await new Promise((resolve) => setTimeout(resolve, 5_100));
      expect(codeOf(await two.graphql('{ users { nodes { id } } }', {}, user))).toBe('accepted');
      expect(codeOf(await two.graphql(ME, {}, spare.accessToken))).toBe('UNAUTHENTICATED');

      const guess = (boucle: Boucle): Promise<GraphqlAnswer> =>
        boucle.graphql(
          'mutation { login(input: { email: "user@example.org", password: "a wrong guess" }) { expiresAt } }',
        );
      for (let i = 0; i < 5; i++) await Promise.all([guess(one), guess(two)]);
      expect(codeOf(await guess(one))).toBe('RATE_LIMITED');
      expect(codeOf(await guess(two))).toBe('RATE_LIMITED');
    } finally {
      await Promise.all([one.stop(), two.stop()]);
      await database.drop();
    }
  });
});
