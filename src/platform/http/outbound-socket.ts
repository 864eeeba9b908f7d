import { Socket } from 'node:net';
import { AppError } from '../../errors/app-error.js';
import { assertHostAllowed, guardedLookup, OutboundPolicy } from './outbound-policy.js';

/** A socket for drivers that call `connect(port, host)` themselves; it connects only where the policy allows. */
export function outboundSocket(policy: OutboundPolicy): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  const guarded = (port: unknown, host: unknown): Socket => {
    if (typeof port !== 'number' || typeof host !== 'string') {
      throw new AppError('BAD_INPUT', 'Name the database by host and port; local sockets are not reachable.');
    }
    assertHostAllowed(policy, host, port);
    return connect({ port, host, lookup: guardedLookup(policy, port) });
  };
  return Object.assign(socket, { connect: guarded });
}
