import type { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';
import type { CallerCheck } from '../http/caller-check.js';

/** Most subscriptions at a time of one connection. */
export const MAX_SUBSCRIPTIONS = 50;
/** Subscriptions that may fail before a client is taken for broken. Mercurius keeps a little of each until the end. */
const MAX_REFUSALS = 200;
/** How often the caller is looked at again, and the client asked for a sign of life. */
const CHECK_MS = 5_000;
/** Time in which a client has to name its credential, and in which a silent one is taken for gone. */
const PATIENCE_MS = 15_000;
/** Time that a caller who could be identified keeps while nobody can be: the database is away. */
const GRACE_MS = 30_000;

/** Codes of the protocol graphql-transport-ws, and of WebSockets. */
const CLOSE = { goingAway: 1001, unauthorized: 4401, initTimeout: 4408, tooMany: 4429 } as const;
const CREDENTIAL_HEADERS = ['authorization', 'x-api-key'] as const;
type Credentials = { [Name in (typeof CREDENTIAL_HEADERS)[number]]?: string };

/** What we need of a WebSocket of the package ws. */
export interface LiveSocket extends EventEmitter {
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** What resolvers of subscriptions find in their context. */
export interface SubscriptionContext {
  readonly request: FastifyRequest;
  readonly connection: LiveConnection;
}

type Source<Value> = AsyncIterable<Value> | Promise<AsyncIterable<Value>>;

/** One WebSocket: who is behind it, for how long they may listen, and what they listen to. */
export class LiveConnection {
  private request: FastifyRequest | undefined;
  private caller: string | undefined;
  private offered: Credentials = {};
  private identifiedAt = 0;
  private readonly openedAt = performance.now();
  private lastSeen = this.openedAt;
  private subscriptions = 0;
  private refusals = 0;
  private isClosed = false;
  private readonly endings = new Set<() => void>();

  constructor(
    private readonly socket: LiveSocket,
    private readonly check: CallerCheck,
  ) {
    const timer = setInterval(() => void this.look(), CHECK_MS).unref();
    socket.on('pong', () => (this.lastSeen = performance.now()));
    socket.on('message', (data: Buffer) => {
      this.notice(data);
    });
    socket.once('close', () => {
      clearInterval(timer);
      this.isClosed = true;
      for (const end of this.endings) end();
    });
  }

  /**
   * Finds out who has connected, by the headers of the handshake or by what the first message holds, since a browser
   * can't set headers. Deny by default: nobody known, no connection.
   */
  async authenticate(request: FastifyRequest): Promise<void> {
    for (const name of CREDENTIAL_HEADERS) request.headers[name] ??= this.offered[name];
    this.request = request;
    this.caller = await this.check.identify(request);
    this.identifiedAt = performance.now();
    if (this.caller !== undefined) return;
    this.socket.close(CLOSE.unauthorized, 'Unauthorized');
    throw new AppError('UNAUTHENTICATED', 'A WebSocket needs a credential in its headers or in connection_init.');
  }

  /** Starts a subscription that ends with the connection at the latest. @throws AppError LIMIT_EXCEEDED */
  async subscribe<Value>(start: () => Source<Value>): Promise<AsyncIterableIterator<Value>> {
    if (this.subscriptions >= MAX_SUBSCRIPTIONS) {
      const message = `A connection may have ${MAX_SUBSCRIPTIONS} subscriptions. Complete others first.`;
      throw new AppError('LIMIT_EXCEEDED', message, { limit: MAX_SUBSCRIPTIONS });
    }
    this.subscriptions++;
    try {
      return this.endingWithMe((await start())[Symbol.asyncIterator]());
    } catch (error) {
      this.subscriptions--;
      throw error;
    }
  }

  noteRefusal(): void {
    if (++this.refusals > MAX_REFUSALS) this.socket.close(CLOSE.tooMany, 'Too many refused subscriptions');
  }

  goAway(): void {
    this.socket.close(CLOSE.goingAway, 'Shutting down');
  }

  private endingWithMe<Value>(source: AsyncIterator<Value>): AsyncIterableIterator<Value> {
    const end = (): void => {
      if (!this.endings.delete(end)) return;
      this.subscriptions--;
      void source.return?.();
    };
    this.endings.add(end);
    if (this.isClosed) end();
    return {
      next: async () => {
        try {
          const result = await source.next();
          if (result.done) end();
          return result;
        } catch (error) {
          end();
          throw error;
        }
      },
      return: () => {
        end();
        return Promise.resolve({ done: true as const, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  private notice(data: Buffer): void {
    this.lastSeen = performance.now();
    if (this.request === undefined) this.offered = { ...credentialsIn(data), ...this.offered };
  }

  /** Cuts off who is gone, never came in, or may no longer listen as they did. */
  private async look(): Promise<void> {
    const now = performance.now();
    if (now - this.lastSeen > PATIENCE_MS) {
      this.socket.terminate();
    } else if (this.request === undefined && now - this.openedAt > PATIENCE_MS) {
      this.socket.close(CLOSE.initTimeout, 'Connection initialisation timeout');
    } else {
      this.socket.ping();
      if (this.caller !== undefined && !(await this.isStillTheSame(this.request!, now))) {
        this.socket.close(CLOSE.unauthorized, 'The credential has ended, or its rights have changed');
      }
    }
  }

  private async isStillTheSame(request: FastifyRequest, now: number): Promise<boolean> {
    try {
      const caller = await this.check.identify(request);
      this.identifiedAt = now;
      return caller === this.caller;
    } catch {
      return now - this.identifiedAt < GRACE_MS; // The guard's own requests tell the log that the database is away.
    }
  }
}

/** The credentials in a `connection_init`, by whatever case of their names, as headers or among other parameters. */
function credentialsIn(data: Buffer): Credentials {
  const found: Credentials = {};
  for (const [key, value] of Object.entries(parametersIn(data))) {
    const name = CREDENTIAL_HEADERS.find((header) => header === key.toLowerCase());
    if (name && typeof value === 'string') found[name] = value;
  }
  return found;
}

function parametersIn(data: Buffer): object {
  try {
    const message = JSON.parse(data.toString()) as { type?: unknown; payload?: { headers?: object } | null } | null;
    if (message?.type !== 'connection_init') return {};
    return message.payload?.headers ?? message.payload ?? {};
  } catch {
    return {}; // Mercurius tells the client.
  }
}
