import { loadConfig } from '../../config/config.js';
import { createHttpAdapter } from './http-adapter.js';

const SERVER = { DATABASE_URL: 'postgres://x', BOUCLE_SECRET: 'a secret that only this specification uses' };

/** The status of an answer to a request with this Host header. */
async function statusOf(environment: Record<string, string>, host: string, url = '/hello'): Promise<number> {
  const instance = createHttpAdapter(loadConfig(environment)).getInstance();
  instance.get('/hello', () => 'hello');
  const { statusCode } = await instance.inject({ url, headers: { host } });
  await instance.close();
  return statusCode;
}

describe('the Host header', () => {
  it.each(['localhost', 'LOCALHOST:3000', 'localhost:8080', '127.0.0.1', '127.0.0.1:3000', '[::1]', '[::1]:3000'])(
    'may be %s on a loopback address',
    async (host) => {
      for (const HOST of ['', '127.0.0.1', '::1', 'localhost']) expect(await statusOf({ HOST }, host)).toBe(200);
    },
  );

  it.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', '127.0.0.1.evil.example', 'x@localhost'])(
    'may not be "%s" on a loopback address, whatever the path',
    async (host) => {
      for (const HOST of ['', '127.0.0.1', '::1', 'localhost']) {
        expect(await statusOf({ HOST }, host)).toBe(421);
        expect(await statusOf({ HOST }, host, '/missing')).toBe(421);
      }
    },
  );

  it('may be anything on other addresses and behind a proxy', async () => {
    expect(await statusOf(SERVER, 'boucle.example')).toBe(200);
    expect(await statusOf({ HOST: '192.0.2.1' }, 'boucle.example')).toBe(200);
    expect(await statusOf({ HOST: '127.0.0.1', TRUST_PROXY: 'true' }, 'boucle.example')).toBe(200);
  });

  it('that is refused is explained, with the request id', async () => {
    const instance = createHttpAdapter(loadConfig({})).getInstance();
    const answer = await instance.inject({ url: '/', headers: { host: 'evil.example', 'x-request-id': 'abc' } });
    expect(answer.json()).toEqual({
      error: { code: 'FORBIDDEN', message: expect.stringContaining('set HOST'), requestId: 'abc' },
    });
    await instance.close();
  });
});
