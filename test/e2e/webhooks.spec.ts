import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/retraining.js';
import { registerVersion, WEATHER } from '../support/served-model.js';

const CREATE = 'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { id } } }';
const DELIVERIES = `query ($webhook: ID!) { webhookDeliveries(webhook: $webhook) {
  nodes { id state attempts lastStatus lastError responseExcerpt log nextAttemptAt } } }`;
const TEST = 'mutation ($id: ID!) { testWebhook(id: $id) { id state } }';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let database: TestDatabase;
let boucle: Boucle;
let administrator: Account;
let receiver: Server;
let origin: string;
const received: Received[] = [];
let answer: (response: ServerResponse) => void = (response) => response.end('thanks');

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ path: request.url!, headers: request.headers, body });
      answer(response);
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  database = await createTestDatabase();
  const env = { REGISTRATION: 'open', WEBHOOK_ALLOW_LIST: new URL(origin).host };
  boucle = await startBoucle({ databaseUrl: database.url, env });
  administrator = await signUp(boucle, database, 'ADMIN');
});

afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await boucle.stop();
  await database.drop();
});

beforeEach(() => {
  received.length = 0;
  answer = (response) => response.end('thanks');
});

const ask = (query: string, variables?: object): Promise<any> => boucle.ask(query, variables, administrator.token);

async function create(input: object): Promise<{ id: string; secret: string }> {
  const { createWebhook } = await ask(CREATE, { input: { kinds: ['VERSION_PROMOTED'], ...input } });
  return { id: createWebhook.webhook.id, secret: createWebhook.secret };
}

async function deliveryOf(webhook: string, accept: (delivery: any) => boolean, seconds = 20): Promise<any> {
  let nodes: any[] = [];
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    ({ nodes } = (await ask(DELIVERIES, { webhook })).webhookDeliveries);
    const found = nodes.find(accept);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain: ${JSON.stringify(nodes)}`);
}

async function promote(model: string): Promise<void> {
  const { number: version } = await registerVersion(database, boucle.home, {
    model,
    signature: WEATHER,
    stage: 'CANDIDATE',
  });
  const mutation = 'mutation ($input: VersionDecisionInput!) { promoteVersion(input: $input) { version } }';
  await ask(mutation, { input: { model, version, reason: 'for the test' } });
}

const isDelivered = ({ state }: any): boolean => state === 'DELIVERED';

function expectSigned({ headers, body }: Received, secret: string): void {
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['boucle-signature'] as string)!;
  expect(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')).toBe(signature);
  expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(30);
}

describe('webhooks', () => {
  it('hear of what they asked for, signed, once, and not of other models', async () => {
    await registerVersion(database, boucle.home, { model: 'other', signature: WEATHER, stage: 'CANDIDATE' });
    const { id, secret } = await create({ url: `${origin}/a` });
    const other = await create({ url: `${origin}/other`, model: 'other' });
    await promote('weather');
    const delivery = await deliveryOf(id, isDelivered);
    expect(delivery).toMatchObject({ attempts: 1, lastStatus: 200, lastError: null, responseExcerpt: 'thanks' });
    expect(received.map(({ path }) => path)).toEqual(['/a']);
    expectSigned(received[0]!, secret);
    expect(received[0]!.headers).toMatchObject({ 'boucle-event': 'VERSION_PROMOTED', 'boucle-delivery': delivery.id });
    expect(JSON.parse(received[0]!.body)).toMatchObject({
      kind: 'VERSION_PROMOTED',
      model: 'weather',
      payload: { version: 1, reason: 'for the test' },
    });
    expect((await ask(DELIVERIES, { webhook: other.id })).webhookDeliveries.nodes).toEqual([]);
    const again = await ask('mutation ($id: ID!) { redeliverWebhook(deliveryId: $id) { state } }', { id: delivery.id });
    expect(again.redeliverWebhook.state).toBe('PENDING');
    await deliveryOf(id, isDelivered);
    expect(received.map(({ headers }) => headers['boucle-delivery'])).toEqual([delivery.id, delivery.id]);
    const rows = JSON.stringify(await database.query('SELECT details FROM audit_event'));
    expect(rows + boucle.output()).not.toContain(secret);
  });

  it('are tried again after an error, with the same id', async () => {
    const { id } = await create({ url: `${origin}/b` });
    answer = (response) => response.writeHead(500).end('x'.repeat(5000));
    await ask(TEST, { id });
    const failed = await deliveryOf(id, ({ attempts }) => attempts === 1);
    expect(failed).toMatchObject({ state: 'PENDING', lastStatus: 500, lastError: 'answered 500' });
    expect(failed.responseExcerpt).toHaveLength(1024);
    expect(new Date(failed.nextAttemptAt).getTime()).toBeGreaterThan(Date.now() + 5000);
    answer = (response) => response.end();
    const delivered = await deliveryOf(id, isDelivered, 30);
    expect(delivered.log.map(({ status }: any) => status)).toEqual([500, 200]);
    expect(new Set(received.map(({ headers }) => headers['boucle-delivery'])).size).toBe(1);
  }, 60_000);

  it.each([
    ['hangs', () => undefined],
    ['drips', (response: ServerResponse) => void setInterval(() => response.write(' '), 500).unref()],
  ])(
    'give up on a target that %s within ten seconds',
    async (_, behaviour) => {
      const { id } = await create({ url: `${origin}/slow` });
      answer = behaviour;
      await ask(TEST, { id });
      const failed = await deliveryOf(id, ({ attempts }) => attempts === 1);
      expect(failed.lastError).toBe('did not answer within 10 seconds');
      expect(failed.log[0].durationMs).toBeLessThan(11_500);
    },
    40_000,
  );

  it('reach other receivers at once while one hangs, though many deliveries to it wait', async () => {
    const hanging = await create({ url: `${origin}/hangs` });
    const good = await create({ url: `${origin}/good` });
    answer = (response) => {
      if (received.at(-1)!.path === '/good') response.end();
    };
    for (let i = 0; i < 12; i++) await ask(TEST, { id: hanging.id });
    await until(() => Promise.resolve(received.length >= 2));
    const started = performance.now();
    await ask(TEST, { id: good.id });
    await deliveryOf(good.id, isDelivered, 9);
    expect(performance.now() - started).toBeLessThan(9_000);
    expect(received.filter(({ path }) => path === '/hangs')).toHaveLength(2);
    await database.query('DELETE FROM webhook WHERE id = $1', [hanging.id]);
  }, 40_000);

  it('follow no redirect', async () => {
    const { id } = await create({ url: `${origin}/from` });
    answer = (response) => response.writeHead(302, { location: `${origin}/to` }).end();
    await ask(TEST, { id });
    expect(await deliveryOf(id, ({ attempts }) => attempts === 1)).toMatchObject({ lastError: 'answered 302' });
    expect(received.map(({ path }) => path)).toEqual(['/from']);
  });

  it('may not point inward, neither when created nor when sent', async () => {
    for (const url of [
      'https://127.0.0.1/x',
      'https://169.254.169.254/',
      'http://example.org/',
      'file:///etc/passwd',
    ]) {
      const { errors } = await boucle.graphql(CREATE, { input: { url, kinds: ['CHECK_FAILED'] } }, administrator.token);
      expect(errors![0]!.extensions['code']).toBe('BAD_INPUT');
    }
    const { id } = await create({ url: 'https://localhost:9/x' });
    await ask(TEST, { id });
    const failed = await deliveryOf(id, ({ attempts }) => attempts === 1);
    expect(failed.lastError).toMatch(/localhost is an internal address.*WEBHOOK_ALLOW_LIST/);
  });
});
