import { lookup, LookupAddress } from 'node:dns';
import { isIP, LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../../errors/app-error.js';

/** Which hosts this installation may connect to on a user's behalf. */
export interface OutboundPolicy {
  /** `host` or `host:port` names that may be internal and may use plain HTTP; everything else must be public. */
  readonly allowList: readonly string[];
  /** The setting that the list comes from; SOURCE_ALLOW_LIST if not given. */
  readonly setting?: string;
}

/** Answers every address of a name, as `dns.lookup` with `all: true` does. */
export type ResolveAll = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const systemResolver: ResolveAll = (hostname, callback) => {
  lookup(hostname, { all: true }, callback);
};

export function isAllowListed(policy: OutboundPolicy, hostname: string, port: number): boolean {
  const host = withoutBrackets(hostname).toLowerCase();
  return policy.allowList.some((entry) => {
    const { name, port: onlyPort } = splitEntry(entry.toLowerCase());
    return name === host && (onlyPort === undefined || onlyPort === port);
  });
}

/** True for a globally routable unicast address; IPv4 inside IPv6 counts as the IPv4 address that it is. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // Only 2000::/3 is given out; ::/96, for one, holds the IPv4-compatible form of 127.0.0.1.
  return parsed.kind() === 'ipv4' || (parsed.toByteArray()[0]! & 0xe0) === 0x20;
}

/** @throws AppError BAD_INPUT for an address given in place of a name that is not public: no lookup would check it. */
export function assertHostAllowed(policy: OutboundPolicy, hostname: string, port: number): void {
  if (isAllowListed(policy, hostname, port)) return;
  const host = withoutBrackets(hostname);
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw internalHost(host, policy);
}

/**
 * A lookup for sockets. The addresses it has checked are the very ones the socket connects to, so a name that
 * answers differently the second time (DNS rebinding) gains nothing.
 */
export function guardedLookup(
  policy: OutboundPolicy,
  port: number,
  resolve: ResolveAll = systemResolver,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      if (error) {
        callback(error, '');
        return;
      }
      const first = addresses[0];
      if (!first) {
        callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENODATA' }), '');
        return;
      }
      const open = isAllowListed(policy, hostname, port);
      if (!open && !addresses.every(({ address }) => isPublicAddress(address))) {
        callback(internalHost(hostname, policy), '');
        return;
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function internalHost(host: string, { setting = 'SOURCE_ALLOW_LIST' }: OutboundPolicy): AppError {
  return new AppError(
    'BAD_INPUT',
    `${host} is an internal address, which may not be used. If it is meant, ask an administrator to add it to ${setting}.`,
  );
}

function splitEntry(entry: string): { name: string; port?: number } {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(entry);
  if (!match) return { name: withoutBrackets(entry) };
  return { name: withoutBrackets(match[1]!), ...(match[2] && { port: Number(match[2]) }) };
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
