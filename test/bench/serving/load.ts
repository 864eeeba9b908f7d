/**
 * Clients on kept-alive connections, each of which sends its next request when the last one is answered. Over bare
 * sockets: the generator has to cost less than the cheapest server that it measures.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A request as it goes over the wire, and what its answer must say. */
export interface Exchange {
  readonly request: Buffer;
  /** @throws Error for an answer that is not the right one. */
  readonly check: (body: string) => void;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** In ascending order. */
  readonly milliseconds: Float64Array;
}

const END_OF_HEAD = '\r\n\r\n';

export function postRequest(
  port: number,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const text = Buffer.from(JSON.stringify(body));
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    `content-length: ${text.length}`,
    ...Object.entries(headers).map((header) => header.join(': ')),
  ];
  return Buffer.concat([Buffer.from(lines.join('\r\n') + END_OF_HEAD), text]);
}

/** Sends the exchanges in turn, over and over. @throws Error as soon as an answer is wrong. */
export async function load(
  port: number,
  exchanges: readonly Exchange[],
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<LoadResult> {
  const milliseconds: number[] = [];
  let next = 0;
  let running = true;
  const clients = Array.from({ length: connections }, () => new Client(port));
  const began = performance.now();
  const work = clients.map(async (client) => {
    while (running) {
      const { request, check } = exchanges[next++ % exchanges.length]!;
      const sent = performance.now();
      const body = await client.send(request);
      milliseconds.push(performance.now() - sent);
      check(body);
    }
  });
  const ended = Promise.all(work);
  try {
    await Promise.race([ended, delay(1_000 * seconds)]);
    running = false;
    await ended;
    const took = (performance.now() - began) / 1_000;
    return { requests: milliseconds.length, seconds: took, milliseconds: Float64Array.from(milliseconds).sort() };
  } finally {
    for (const client of clients) client.close();
  }
}

/** One connection. Bodies must come with their length, as those of all servers here do. */
class Client {
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private settle: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => {
      this.take(chunk);
    });
    this.socket.on('error', (error) => this.settle?.reject(error));
    this.socket.on('close', () => this.settle?.reject(new Error('The server closed the connection.')));
  }

  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.settle = undefined;
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const end = this.received.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const head = this.received.toString('latin1', 0, end);
    const start = end + END_OF_HEAD.length;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? NaN);
    if (Number.isNaN(length)) {
      this.settle?.reject(new Error(`An answer without a length: ${head}`));
      return;
    }
    if (this.received.length < start + length) return;
    const body = this.received.toString('utf8', start, start + length);
    this.received = Buffer.alloc(0);
    const { resolve, reject } = this.settle!;
    this.settle = undefined;
    if (head.startsWith('HTTP/1.1 200')) resolve(body);
    else reject(new Error(`${head}\n${body}`));
  }
}
