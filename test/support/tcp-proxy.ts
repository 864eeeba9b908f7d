import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network between a process and its database that a test can break. */
export interface TcpProxy {
  /** The given address, through the proxy. */
  readonly url: string;
  /** Ends all connections and refuses new ones, as a stopped server does. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Drops all packets from now on, without a word to either end. Connections of that time never work again. */
  swallow(): void;
  /** New connections work again. */
  forward(): void;
}

export async function startProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let swallowing = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    if (swallowing) client.resume();
    else client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined); // The other end is gone: the close below follows.
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(targetUrl);
  url.port = String(port);
  return {
    url: url.href,
    cut: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    restore: () => listen(port),
    swallow: () => {
      swallowing = true;
      for (const socket of sockets) socket.unpipe().resume();
    },
    forward: () => {
      swallowing = false;
    },
  };
}
