import { createHash, createHmac, generateKeyPairSync, hkdfSync, sign } from 'node:crypto';
import { Boucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { Account, register } from './callers.js';

type Json = Readonly<Record<string, unknown>>;

/** The key as the running process derives it: whoever has BOUCLE_SECRET can sign, and these tests do. */
const KEY = Buffer.from(hkdfSync('sha256', TEST_SECRET, '', 'boucle access token', 32));
const KEY_ID = createHash('sha256').update(KEY).digest('base64url').slice(0, 16);

const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function hmacToken(header: Json, claims: Json, key: Buffer | string = KEY, hash = 'sha256'): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}

describe('access tokens that were tampered with or made for something else', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let account: Account;
  let header: Json;
  let claims: Json;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    account = await register(boucle, 'somebody@example.org');
    [header, claims] = account.accessToken
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json) as [Json, Json];
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  async function codeFor(token: string): Promise<unknown> {
    const { data, errors } = await boucle.graphql('{ me { id } }', {}, token);
    return data ? 'accepted' : errors?.[0]?.extensions['code'];
  }

  it('are told from good ones, of which these tests can make one themselves', async () => {
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: KEY_ID });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBeLessThanOrEqual(15 * 60);
    expect(await codeFor(account.accessToken)).toBe('accepted');
    expect(await codeFor(hmacToken(header, claims))).toBe('accepted');
  });

  it('hold no role, e-mail address or other personal data', () => {
    expect(Object.keys(claims).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'sid', 'sub']);
  });

  it('are refused without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const unsigned = `${encode({ ...header, alg })}.${encode(claims)}`;
      expect(await codeFor(`${unsigned}.`)).toBe('UNAUTHENTICATED');
      expect(await codeFor(unsigned)).toBe('UNAUTHENTICATED');
      expect(await codeFor(`${unsigned}.${account.accessToken.split('.')[2]!}`)).toBe('UNAUTHENTICATED');
    }
  });

  it('are refused with another algorithm, even one made with the right key', async () => {
    expect(await codeFor(hmacToken({ ...header, alg: 'HS512' }, claims, KEY, 'sha512'))).toBe('UNAUTHENTICATED');
    expect(await codeFor(hmacToken({ ...header, alg: 'HS384' }, claims, KEY, 'sha384'))).toBe('UNAUTHENTICATED');
  });

  it('are refused when a key pair is confused with the shared key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rsaHeader = { ...header, alg: 'RS256' };
    const signed = `${encode(rsaHeader)}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), privateKey).toString('base64url');
    expect(await codeFor(`${signed}.${signature}`)).toBe('UNAUTHENTICATED');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(await codeFor(hmacToken(header, claims, pem))).toBe('UNAUTHENTICATED');
    const embedded = { ...header, jwk: publicKey.export({ format: 'jwk' }), jku: 'https://example.org/keys' };
    expect(await codeFor(hmacToken(embedded, claims, pem))).toBe('UNAUTHENTICATED');
  });

  it.each<[string, Json]>([
    ['another issuer', { iss: 'somebody-else' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'another-api' }],
    ['no audience', { aud: undefined }],
    ['an expiry in the past', { exp: Math.floor(Date.now() / 1000) - 1 }],
    ['a start in the future', { nbf: Math.floor(Date.now() / 1000) + 60 }],
    ['an unknown session', { sid: '01990000-0000-7000-8000-000000000000' }],
    ['a session id that is none', { sid: "' OR 1 = 1 --" }],
    ['no session', { sid: undefined }],
    ['another user for the session', { sub: '01990000-0000-7000-8000-000000000000' }],
    ['no user', { sub: undefined }],
    ['no expiry', { exp: undefined }],
  ])('are refused with %s', async (_, change) => {
    expect(await codeFor(hmacToken(header, { ...claims, ...change }))).toBe('UNAUTHENTICATED');
  });

  it.each<[string, Json]>([
    ['another type', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['an unknown key id', { kid: 'AAAAAAAAAAAAAAAA' }],
    ['a path as key id', { kid: '../../dev/null' }],
    ['no key id', { kid: undefined }],
  ])('are refused with %s', async (_, change) => {
    expect(await codeFor(hmacToken({ ...header, ...change }, claims))).toBe('UNAUTHENTICATED');
  });

  it('are refused when signed with the secret itself instead of the derived key', async () => {
    expect(await codeFor(hmacToken(header, claims, TEST_SECRET))).toBe('UNAUTHENTICATED');
  });

  it('are refused in any broken form, and as a refresh token', async () => {
    const good = account.accessToken;
    const broken = [
      'x',
      '..',
      'null.null.null',
      good.slice(0, -2),
      `${good}.x`,
      good.toUpperCase(),
      account.refreshToken,
    ];
    for (const token of broken) expect(await codeFor(token)).toBe('UNAUTHENTICATED');
    const answer = await boucle.graphql(
      'mutation ($t: String!) { refresh(input: { refreshToken: $t }) { accessToken } }',
      {
        t: good.slice(0, 200),
      },
    );
    expect(answer.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });

  it('say that they expired, so that a client knows to refresh', async () => {
    const expired = hmacToken(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 1 });
    const { errors } = await boucle.graphql('{ me { id } }', {}, expired);
    expect(errors?.[0]?.message).toMatch(/expired.*refresh/);
  });

  it('work for REST and GraphQL alike, and in the header only', async () => {
    const { accessToken } = account;
    expect((await boucle.fetch(`/v1/models/x/predict?access_token=${accessToken}`, { method: 'POST' })).status).toBe(
      401,
    );
    const cookie = { cookie: `accessToken=${accessToken}; authorization=Bearer ${accessToken}` };
    expect((await boucle.fetch('/v1/models/x/predict', { method: 'POST', headers: cookie })).status).toBe(401);
    // A viewer is known here, and may not predict.
    expect((await boucle.fetch('/v1/models/x/predict', { method: 'POST', token: accessToken })).status).toBe(403);
  });
});
