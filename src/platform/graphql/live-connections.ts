import type { EventEmitter } from 'node:events';
import { Injectable, OnModuleDestroy } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';
import { CallerCheck } from '../http/caller-check.js';
import { LiveConnection, type LiveSocket } from './live-connection.js';

/** Most WebSockets of one process. */
export const MAX_CONNECTIONS = 500;
/** Subscriptions are short, and whoever connects may send one message before we know them. */
const MAX_MESSAGE_BYTES = 64 * 2 ** 10;

/** The server of the package ws behind Mercurius. */
interface SocketServer extends EventEmitter {
  readonly clients: ReadonlySet<unknown>;
  readonly options: { maxPayload: number };
}

/** The WebSockets of this process. */
@Injectable()
export class LiveConnections implements OnModuleDestroy {
  private readonly bySocket = new Map<object, LiveConnection>();
  private server: SocketServer | undefined;

  constructor(private readonly check: CallerCheck) {}

  /** Lets a handshake pass, or not. @throws AppError RATE_LIMITED */
  admit(request: FastifyRequest): void {
    this.server ??= this.watch((request.server as unknown as { websocketServer: SocketServer }).websocketServer);
    if (this.server.clients.size < MAX_CONNECTIONS) return;
    throw new AppError('RATE_LIMITED', `This process has ${MAX_CONNECTIONS} WebSockets already. Try again later.`);
  }

  /** The connection of a socket that has sent its first message, with the caller identified. */
  async begin(socket: object, request: FastifyRequest): Promise<LiveConnection> {
    const connection = this.bySocket.get(socket)!;
    await connection.authenticate(request);
    return connection;
  }

  onModuleDestroy(): void {
    for (const connection of this.bySocket.values()) connection.goAway();
  }

  private watch(server: SocketServer): SocketServer {
    server.options.maxPayload = MAX_MESSAGE_BYTES;
    server.on('connection', (socket: LiveSocket) => {
      this.bySocket.set(socket, new LiveConnection(socket, this.check));
      socket.once('close', () => this.bySocket.delete(socket));
    });
    return server;
  }
}
