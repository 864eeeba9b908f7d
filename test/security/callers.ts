import { ROLES, Role } from '../../src/auth/principal.js';
import { Boucle, runBoucle, TEST_SECRET } from '../support/boucle-process.js';
import type { Least } from './expectations.js';

export const PASSWORD = 'a phrase that only tests use';

type Headers = Readonly<Record<string, string>>;

/** Somebody who calls, and what they are entitled to. */
export interface Caller {
  readonly name: string;
  readonly kind: 'ANONYMOUS' | 'SESSION' | 'API_KEY';
  readonly role?: Role;
  readonly canPromote: boolean;
  readonly headers: Headers;
  /** Headers of a session that the request may end. */
  spareHeaders(): Promise<Headers>;
}

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export async function createAdministrator(boucle: Boucle, databaseUrl: string): Promise<Account> {
  const email = 'administrator@example.org';
  const env = { DATABASE_URL: databaseUrl, BOUCLE_SECRET: TEST_SECRET };
  const { code, output } = await runBoucle(['create-admin', '--email', email], env, PASSWORD);
  if (code !== 0) throw new Error(output);
  return login(boucle, email);
}

/** Needs REGISTRATION=open. */
export async function register(boucle: Boucle, email: string): Promise<Account> {
  const { register: payload } = await boucle.ask(
    'mutation ($input: RegisterInput!) { register(input: $input) { accessToken refreshToken user { id email } } }',
    { input: { email, password: PASSWORD } },
  );
  return accountOf(payload);
}

export async function login(boucle: Boucle, email: string, password = PASSWORD): Promise<Account> {
  const { login: payload } = await boucle.ask(
    'mutation ($input: LoginInput!) { login(input: $input) { accessToken refreshToken user { id email } } }',
    { input: { email, password } },
  );
  return accountOf(payload);
}

export async function setRole(boucle: Boucle, admin: Account, userId: string, role: Role, canPromote = false) {
  const input = { userId, role, canPromote };
  const mutation = 'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { id role canPromote } }';
  return (await boucle.ask(mutation, { input }, admin.accessToken)).setUserRole;
}

export async function createApiKey(
  boucle: Boucle,
  owner: Account,
  input: object,
): Promise<{ id: string; key: string }> {
  const { createApiKey: made } = await boucle.ask(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }',
    { input: { name: 'a key', ...input } },
    owner.accessToken,
  );
  return { id: made.apiKey.id, key: made.secret };
}

/** Nobody, a user and an API key of each role, and both once more with the right to promote. */
export async function callersOf(boucle: Boucle, admin: Account): Promise<Caller[]> {
  const callers: Caller[] = [callerWith({ name: 'nobody', kind: 'ANONYMOUS', canPromote: false }, {})];
  const kinds = [
    ...ROLES.map((role) => ({ role, canPromote: role === 'ADMIN' })),
    { role: 'ENGINEER', canPromote: true } as const,
  ];
  for (const { role, canPromote } of kinds) {
    const name = `${role.toLowerCase()}${canPromote ? '-promoter' : ''}`;
    const user = await register(boucle, `${name}@example.org`);
    await setRole(boucle, admin, user.id, role, canPromote);
    const { key } = await createApiKey(boucle, user, { role, canPromote });
    callers.push(
      callerWith({ name, kind: 'SESSION', role, canPromote }, bearer(user), async () =>
        bearer(await login(boucle, user.email)),
      ),
      callerWith({ name: `key of ${name}`, kind: 'API_KEY', role, canPromote }, { 'x-api-key': key }),
    );
  }
  return callers;
}

function callerWith(
  who: Omit<Caller, 'headers' | 'spareHeaders'>,
  headers: Headers,
  spare: () => Promise<Headers> = () => Promise.resolve(headers),
): Caller {
  return { ...who, headers, spareHeaders: spare };
}

function bearer({ accessToken }: Account): Headers {
  return { authorization: `Bearer ${accessToken}` };
}

/** What the guard should answer: undefined lets the caller in. */
export function refusalOf(caller: Caller, least: Least): 'UNAUTHENTICATED' | 'FORBIDDEN' | undefined {
  if (least === 'PUBLIC') return undefined;
  if (!caller.role) return 'UNAUTHENTICATED';
  return isEntitled(caller, caller.role, least) ? undefined : 'FORBIDDEN';
}

function isEntitled({ kind, canPromote }: Caller, role: Role, least: Exclude<Least, 'PUBLIC'>): boolean {
  if (least === 'SESSION') return kind === 'SESSION';
  if (least === 'ADMIN_SESSION') return kind === 'SESSION' && role === 'ADMIN';
  if (least === 'PROMOTION') return canPromote;
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

function accountOf(payload: {
  user: { id: string; email: string };
  accessToken: string;
  refreshToken: string;
}): Account {
  const { accessToken, refreshToken, user } = payload;
  return { ...user, accessToken, refreshToken };
}
