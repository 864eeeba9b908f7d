import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import pg from 'pg';

/** A pooler of the mode `transaction`, as PgBouncer and its peers are: a client has a server's connection from one transaction to its end. */
export interface TransactionPooler {
  /** The given database, through the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** What a client sends that a server answers with ReadyForQuery: a simple query, and the end of an extended one. */
const ASKS = ['Q', 'S'];
/** The first message of a client has no type. */
const STARTUP = '\0';
const HEADER_BYTES = 5;

interface Server {
  readonly socket: Socket;
  /** Who hears the messages of this server; a message for nobody is dropped. */
  toClient: ((message: Buffer) => void) | undefined;
}

/** Starts one with two connections to the database, given to clients in turns. */
export async function startTransactionPooler(databaseUrl: string): Promise<TransactionPooler> {
  const servers = [await connectServer(databaseUrl), await connectServer(databaseUrl)];
  const pool = new Pool(servers);
  const clients = new Set<Socket>();
  const listener = createServer((client) => {
    clients.add(client);
    client.on('error', () => undefined); // It is gone, and closed.
    client.on('close', () => clients.delete(client));
    serve(client, pool);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url: url.href,
    stop: async () => {
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of [...clients, ...servers.map((server) => server.socket)]) socket.destroy();
      await closed;
    },
  };
}

/** Connections that nobody has, and clients that wait for one. */
class Pool {
  private readonly idle: Server[];
  private readonly waiting: ((server: Server) => void)[] = [];

  constructor(servers: readonly Server[]) {
    this.idle = [...servers];
  }

  async lease(): Promise<Server> {
    return this.idle.shift() ?? new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(server: Server): void {
    server.toClient = undefined;
    const next = this.waiting.shift();
    if (next) next(server);
    else this.idle.push(server);
  }
}

function serve(client: Socket, pool: Pool): void {
  let server: Server | undefined;
  let unanswered = 0;
  let isStarted = false;
  let inOrder = Promise.resolve();
  const take = messagesOf((type, message) => {
    if (type === STARTUP) client.write(GREETING);
    else if (type !== 'X') inOrder = inOrder.then(() => forward(type, message));
  });
  client.on('data', (bytes: Buffer) => {
    take(isStarted ? bytes : Buffer.concat([Buffer.from(STARTUP), bytes]));
    isStarted = true;
  });

  async function forward(type: string, message: Buffer): Promise<void> {
    server ??= await pool.lease();
    server.toClient = answer;
    if (ASKS.includes(type)) unanswered++;
    server.socket.write(message);
  }

  function answer(message: Buffer): void {
    client.write(message);
    if (message.toString('latin1', 0, 1) !== 'Z') return;
    unanswered--;
    const isInTransaction = message.toString('latin1', 5, 6) !== 'I';
    if (unanswered > 0 || isInTransaction || !server) return;
    pool.giveBack(server);
    server = undefined;
  }
}

/** Lets pg log in, and takes its socket over. */
async function connectServer(connectionString: string): Promise<Server> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { stream: socket } = (client as unknown as { connection: { stream: Socket } }).connection;
  socket.removeAllListeners('data');
  socket.removeAllListeners('close');
  const server: Server = { socket, toClient: undefined };
  const take = messagesOf((_, message) => server.toClient?.(message));
  socket.on('data', take);
  return server;
}

/** Cuts a stream of bytes into messages: a type, and the length of the rest. */
function messagesOf(onMessage: (type: string, message: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= HEADER_BYTES && rest.length > rest.readUInt32BE(1)) {
      const end = 1 + rest.readUInt32BE(1);
      onMessage(String.fromCharCode(rest[0]!), rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

/** AuthenticationOk and ReadyForQuery: everybody may come in. */
const GREETING = Buffer.from([...message('R', [0, 0, 0, 0]), ...message('Z', ['I'.charCodeAt(0)])]);

function message(type: string, body: readonly number[]): number[] {
  return [type.charCodeAt(0), 0, 0, 0, body.length + 4, ...body];
}
