import { performance } from 'node:perf_hooks';
import { request } from 'undici';
import { AppError } from '../../errors/app-error.js';
import { assertHostAllowed, isAllowListed, type OutboundPolicy } from '../../platform/http/outbound-policy.js';
import { errorCode, guardedAgent } from '../../platform/http/outbound-request.js';

/** For everything together: a receiver that hangs or drips holds a worker no longer. */
const TIMEOUT_MS = 10_000;
const EXCERPT_BYTES = 1024;

export interface Outcome {
  readonly status: number | null;
  readonly error: string | null;
  readonly excerpt: string | null;
  readonly durationMs: number;
}

/** @throws AppError BAD_INPUT for what can be known to be refused without connecting. */
export function parseWebhookUrl(address: string, policy: OutboundPolicy): URL {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol)) throw new AppError('BAD_INPUT', 'url must begin with https://.');
  if (url.username || url.password) {
    throw new AppError('BAD_INPUT', 'url may not hold a user name or password: verify the signature instead.');
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (url.protocol === 'http:' && !isAllowListed(policy, url.hostname, port)) {
    const advice = `Use https, or ask an administrator to add ${url.host} to WEBHOOK_ALLOW_LIST for plain http.`;
    throw new AppError('BAD_INPUT', `Webhooks are sent over https. ${advice}`);
  }
  assertHostAllowed(policy, url.hostname, port);
  return url;
}

/** Posts once, follows no redirect, reads little of the answer, and never throws: what went wrong is the outcome. */
export async function post(
  address: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  policy: OutboundPolicy,
): Promise<Outcome> {
  const start = performance.now();
  const agent = guardedAgent({ policy });
  const took = (): number => Math.round(performance.now() - start);
  try {
    const url = parseWebhookUrl(address, policy);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await request(url, { method: 'POST', dispatcher: agent, signal, headers, body });
    const excerpt = await beginningOf(response.body);
    const { statusCode: status } = response;
    const isFine = status >= 200 && status < 300;
    return { status, error: isFine ? null : `answered ${status}`, excerpt, durationMs: took() };
  } catch (error) {
    return { status: null, error: describe(error), excerpt: null, durationMs: took() };
  } finally {
    await agent.destroy();
  }
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= EXCERPT_BYTES) break;
  }
  // NUL can't be stored.
  return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES).toString('utf8').replaceAll('\0', '\uFFFD');
}

function describe(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (!(error instanceof Error)) return 'failed';
  if (error.cause instanceof AppError) return error.cause.message;
  if (error.name === 'TimeoutError') return `did not answer within ${TIMEOUT_MS / 1000} seconds`;
  const code = errorCode(error) || errorCode(error.cause);
  return code ? `could not be reached (${code})` : 'could not be reached';
}
