import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/config.js';
import { databaseOptions } from '../../src/platform/database/data-source.js';
import { TEST_SECRET } from '../support/boucle-process.js';

/** A message of PostgreSQL's protocol, version 3. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const ENDED = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'));

describe('a connection that the server ends as soon as it is made', () => {
  let server: Server;

  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      // Both in one packet, as when an administrator ends a backend that has just started.
      socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, ENDED])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => {
    server.close();
  });

  it('fails whoever uses it, and nothing else', async () => {
    const { port } = server.address() as AddressInfo;
    const url = `postgres://boucle@127.0.0.1:${port}/boucle`;
    const config = loadConfig({ DATABASE_URL: url, BOUCLE_SECRET: TEST_SECRET });
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(new DataSource(databaseOptions(config)).initialize()).rejects.toThrow(
        /administrator command|Connection terminated|not queryable/,
      );
    }
  });
});
