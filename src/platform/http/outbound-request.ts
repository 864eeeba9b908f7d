import { Readable } from 'node:stream';
import { Agent, buildConnector, request } from 'undici';
import { AppError } from '../../errors/app-error.js';
import { assertHostAllowed, guardedLookup, isAllowListed, OutboundPolicy, ResolveAll } from './outbound-policy.js';

export interface RemoteBody {
  readonly body: Readable;
  /** Bytes announced by the server, if it did. */
  readonly totalBytes?: number;
  /** Closes the connection; call it once the body has ended or is no longer wanted. */
  release(): Promise<void>;
}

export interface RemoteRequest {
  readonly policy: OutboundPolicy;
  readonly signal: AbortSignal;
  /** Only for tests of the address check. */
  readonly resolve?: ResolveAll;
}

const MAX_REDIRECTS = 5;
const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 60_000;

/**
 * Opens a URL given by a user. Each hop of a redirect is checked again, and addresses are checked inside the socket's
 * own lookup.
 * @throws AppError BAD_INPUT for a URL that may not be used, UPSTREAM_FAILED for a host that does not deliver.
 */
export async function openRemote(address: string, options: RemoteRequest): Promise<RemoteBody> {
  const agent = guardedAgent(options);
  try {
    const { body, totalBytes } = await follow(address, agent, options);
    return { body, totalBytes, release: () => agent.destroy() };
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

/** Checks what can be known of a URL without connecting, so that a bad one is refused when it is entered. */
export function parseSourceUrl(address: string, policy: OutboundPolicy): URL {
  const url = URL.parse(address);
  if (!url) throw new AppError('BAD_INPUT', 'The source is not a URL. Give one such as https://example.org/data.csv.');
  if (url.username || url.password) {
    throw new AppError('BAD_INPUT', 'A source URL may not hold a user name or password: it is shown to other users.');
  }
  const port = portOf(url);
  const plain = url.protocol === 'http:' && isAllowListed(policy, url.hostname, port);
  if (url.protocol !== 'https:' && !plain) {
    throw new AppError(
      'BAD_INPUT',
      `Sources are read over https. Use an https URL, or ask an administrator to add ${url.host || 'the host'} to SOURCE_ALLOW_LIST for plain http.`,
    );
  }
  assertHostAllowed(policy, url.hostname, port);
  return url;
}

/** Turns the error of a broken transfer into one that says what to do; other errors pass unchanged. */
export function describeTransferError(error: unknown, host: string): unknown {
  const cause = rootOf(error);
  if (cause instanceof AppError) return cause;
  const hint = TRANSFER_HINTS.find(([pattern]) => pattern.test(errorCode(cause)));
  if (!hint) return error;
  return new AppError('UPSTREAM_FAILED', `${host} ${hint[1]}`, undefined, { cause: error });
}

const TRANSFER_HINTS: readonly (readonly [RegExp, string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN|ENODATA)$/, 'is a name that cannot be resolved. Check its spelling, then extract again.'],
  [/^ECONNREFUSED$/, 'refused the connection. Check the port and that the server runs, then extract again.'],
  [
    /^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/,
    'cannot be reached. Check the address and the network, then extract again.',
  ],
  [
    /^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/,
    'sent nothing for a minute. Try again when the server answers faster.',
  ],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_ABORTED)$/,
    'broke the connection before all data had come. Extract again.',
  ],
  [
    /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY/,
    'has a TLS certificate that cannot be trusted. Fix the certificate, or use the name that it was issued for.',
  ],
  [/^(HPE_|UND_ERR_)/, 'did not answer in valid HTTP. Check that the URL points to a web server.'],
];

async function follow(
  address: string,
  agent: Agent,
  { policy, signal }: RemoteRequest,
): Promise<{ body: Readable; totalBytes?: number }> {
  let target = address;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const url = parseSourceUrl(target, policy);
    const response = await get(url, agent, signal);
    const location = response.headers.location;
    if (response.statusCode < 300 || response.statusCode > 399 || typeof location !== 'string') {
      return accept(response, url);
    }
    await response.body.dump();
    const next = URL.parse(location, url.href);
    if (!next)
      throw new AppError('UPSTREAM_FAILED', 'The source redirects to something that is no URL. Give the final URL.');
    target = next.href;
  }
  throw new AppError('UPSTREAM_FAILED', `The source redirects more than ${MAX_REDIRECTS} times. Give the final URL.`);
}

async function get(url: URL, agent: Agent, signal: AbortSignal): Promise<Response> {
  try {
    return await request(url, {
      dispatcher: agent,
      signal,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Boucle' },
    });
  } catch (error) {
    signal.throwIfAborted();
    throw describeTransferError(error, url.host);
  }
}

type Response = Awaited<ReturnType<typeof request>>;

async function accept(response: Response, url: URL): Promise<{ body: Readable; totalBytes?: number }> {
  const { statusCode, headers } = response;
  if (statusCode >= 200 && statusCode < 300) {
    const length = Number(headers['content-length'] ?? Number.NaN);
    return { body: response.body, ...(Number.isFinite(length) && { totalBytes: length }) };
  }
  await response.body.dump();
  throw new AppError('UPSTREAM_FAILED', `${url.host} answered ${statusCode}. ${hintForStatus(statusCode)}`, {
    statusCode,
  });
}

function hintForStatus(status: number): string {
  if (status === 401 || status === 403)
    return 'The source asks for a login: make the file readable without one, or upload it.';
  if (status === 404 || status === 410) return 'There is nothing at this URL: check its path.';
  if (status === 429) return 'It wants fewer requests: extract again later.';
  if (status >= 500) return 'The server has a problem of its own: extract again later.';
  return 'Check the URL in a browser.';
}

/** Connections to where the policy allows, checked in the lookup of the socket itself. */
export function guardedAgent({ policy, resolve }: Pick<RemoteRequest, 'policy' | 'resolve'>): Agent {
  return new Agent({
    connect: (options, callback) => {
      const port = Number(options.port || (options.protocol === 'https:' ? 443 : 80));
      try {
        assertHostAllowed(policy, options.hostname, port);
      } catch (error) {
        callback(error as AppError, null);
        return;
      }
      buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup(policy, port, resolve) })(options, callback);
    },
  });
}

/** The port that a URL names, or that its scheme means. */
export function portOf(url: URL): number {
  if (url.port) return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The `code` that node, undici and pg give to their errors; empty if there is none. */
export function errorCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Undici wraps a connection error in one or two others, and node one per address in an AggregateError. */
function rootOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || error instanceof AppError) return error;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return rootOf(error.errors[0]);
  return 'cause' in error && error.cause ? rootOf(error.cause) : error;
}
