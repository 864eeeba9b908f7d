import { LookupAddress } from 'node:dns';
import { openRemote, parseSourceUrl } from '../../src/platform/http/outbound-request.js';
import { isAllowListed, isPublicAddress, OutboundPolicy } from '../../src/platform/http/outbound-policy.js';
import { outboundSocket } from '../../src/platform/http/outbound-socket.js';
import { serve, TestServer } from './extraction-harness.js';

const closed: OutboundPolicy = { allowList: [] };
const signal = new AbortController().signal;

describe('addresses', () => {
  it.each(['8.8.8.8', '93.184.216.34', '2606:2800:220:1::1'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...[
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::1',
      '::7f00:1',
      '::10.0.0.1',
      '::',
      'fe80::1',
      'fd00::1',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'nonsense',
    ],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('source URLs', () => {
  it.each([
    ...['https://127.0.0.1/x', 'https://2130706433/x', 'https://0177.0.0.1/x', 'https://0x7f.1/x', 'https://[::1]/x'],
    ...['https://[::ffff:127.0.0.1]/x', 'https://169.254.169.254/latest', 'https://10.0.0.1:8443/x'],
  ])('refuses the internal address in %s', (url) => {
    expect(() => parseSourceUrl(url, closed)).toThrow(/internal address.*SOURCE_ALLOW_LIST/);
  });

  it.each([
    ['http://example.org/x', /https/],
    ['file:///etc/passwd', /https/],
    ['ftp://example.org/x', /https/],
    ['https://user:secret@example.org/x', /user name or password/],
    ['data.csv', /not a URL/],
  ])('refuses %s', (url, message) => {
    expect(() => parseSourceUrl(url, closed)).toThrow(message);
  });

  it('opens what the allow-list names, by host or by host and port', () => {
    const policy = { allowList: ['files.internal', '127.0.0.1:9000', '[::1]:9001'] };
    expect(isAllowListed(policy, 'FILES.internal', 1234)).toBe(true);
    expect(isAllowListed(policy, '127.0.0.1', 9000)).toBe(true);
    expect(isAllowListed(policy, '127.0.0.1', 9001)).toBe(false);
    expect(isAllowListed(policy, '[::1]', 9001)).toBe(true);
    expect(isAllowListed(policy, 'evil-files.internal', 80)).toBe(false);
    expect(parseSourceUrl('http://127.0.0.1:9000/x', policy).port).toBe('9000');
  });
});

describe('the lookup of the socket', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serve({ '/x': (_, response) => response.end('secret') });
  });
  afterAll(() => server.close());

  const answering = (...answers: string[][]) => {
    const asked: string[] = [];
    const resolve = (hostname: string, callback: (error: null, addresses: LookupAddress[]) => void) => {
      const addresses = answers[Math.min(asked.length, answers.length - 1)]!;
      asked.push(hostname);
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    return { asked, resolve };
  };

  it('refuses a name that resolves to an internal address, also besides a public one', async () => {
    for (const addresses of [['127.0.0.1'], ['169.254.169.254'], ['93.184.216.34', '127.0.0.1'], ['::ffff:10.0.0.1']]) {
      const { resolve } = answering(addresses);
      await expect(openRemote(`https://rebind.example/x`, { policy: closed, signal, resolve })).rejects.toMatchObject({
        code: 'BAD_INPUT',
        message: expect.stringMatching(/rebind\.example is an internal address/),
      });
    }
  });

  it('connects to the address it has checked: a second answer is never asked for', async () => {
    const { asked, resolve } = answering(['192.0.2.1'], ['169.254.169.254']);
    const stop = AbortSignal.timeout(500);
    // 192.0.2.1 is reserved for documentation, so it is refused as well: only one lookup happens either way.
    await expect(openRemote('https://rebind.example/x', { policy: closed, signal: stop, resolve })).rejects.toThrow();
    expect(asked).toEqual(['rebind.example']);
  });

  it('asks again for a redirect, and refuses the internal answer', async () => {
    const hopping = await serve({
      '/x': (_, response) => response.writeHead(302, { location: `https://second.example/x` }).end(),
    });
    const { asked, resolve } = answering(['127.0.0.1'], ['169.254.169.254']);
    const policy = { allowList: [`first.example:${hopping.port}`] };
    await expect(openRemote(`http://first.example:${hopping.port}/x`, { policy, signal, resolve })).rejects.toThrow(
      /second\.example is an internal address/,
    );
    expect(asked).toEqual(['first.example', 'second.example']);
    await hopping.close();
  });

  it('lets an allow-listed name reach its internal address', async () => {
    const { resolve } = answering(['127.0.0.1']);
    const policy = { allowList: ['intranet.example'] };
    const remote = await openRemote(`http://intranet.example:${server.port}/x`, { policy, signal, resolve });
    const chunks: Buffer[] = [];
    for await (const chunk of remote.body) chunks.push(chunk as Buffer);
    await remote.release();
    expect(Buffer.concat(chunks).toString()).toBe('secret');
  });

  it('guards sockets of database drivers too', () => {
    expect(() => outboundSocket(closed).connect(5432, '127.0.0.1')).toThrow(/internal address/);
    expect(() => outboundSocket(closed).connect('/var/run/postgresql/.s.PGSQL.5432')).toThrow(/host and port/);
  });

  it('guards database names that resolve inward', async () => {
    const socket = outboundSocket(closed);
    const failure = new Promise<Error>((resolve) => socket.on('error', resolve));
    socket.connect(5432, 'localhost');
    await expect(failure).resolves.toMatchObject({ code: 'BAD_INPUT' });
  });
});
