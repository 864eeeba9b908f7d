import { once } from 'node:events';
import { AddressInfo, connect, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../config/config.js';
import { createHttpAdapter } from './http-adapter.js';

const IDLE_MS = 300;
const HEAD = 'POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n';

describe('a connection', () => {
  const instance = createHttpAdapter(loadConfig({}), IDLE_MS).getInstance();
  const sockets: Socket[] = [];

  beforeAll(async () => {
    instance.post('/echo', (request) => request.body);
    instance.get('/slow', () => delay(IDLE_MS * 4, 'done at last'));
    await instance.listen({ port: 0, host: '127.0.0.1' });
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await instance.close();
  });

  /** Sends the parts with pauses between; gives what came back until the end of the answer or of the connection. */
  async function exchange(parts: readonly string[], pauseMs: number): Promise<string> {
    const socket = connect((instance.server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
    sockets.push(socket);
    let answer = '';
    socket.on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined);
    const ended = once(socket, 'close');
    for (const part of parts) {
      socket.write(part);
      await delay(pauseMs);
    }
    await Promise.race([ended, delay(IDLE_MS * 8, undefined, { ref: false })]);
    return `${socket.destroyed ? 'cut' : 'open'} ${answer}`;
  }

  it('is cut when the client stops in the middle of a body', async () => {
    expect(await exchange([HEAD + '{"a"'], 0)).toBe('cut ');
  });

  it('stays while a client sends slowly, longer than the limit', async () => {
    expect(await exchange([HEAD, '{"', 'a"', ': ', '12', '3}'], IDLE_MS / 2)).toContain('{"a":123}');
  });

  it('stays while the server takes its time', async () => {
    expect(await exchange(['GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n'], 0)).toContain('done at last');
  });

  it('with a body that is too large is answered once it has been sent', async () => {
    const size = 9 * 2 ** 20;
    const answer = await exchange([HEAD.replace(': 10', `: ${size}`), 'x'.repeat(size)], 10);
    expect(answer).toMatch(/^\w+ HTTP\/1.1 413/);
    expect(answer).toContain('larger than this server accepts');
  });
});
