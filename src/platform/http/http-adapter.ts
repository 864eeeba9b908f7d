import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyServerOptions } from 'fastify';
import type { Config } from '../../config/config.js';
import { answerError } from '../../errors/http-error.filter.js';
import { isBodyTooLarge } from './body-too-large.js';
import { readCsvBodies } from './csv-body.js';
import { cutIfClientStalls } from './idle-connections.js';
import { hasLoopbackHost, needsLoopbackHost } from './loopback-host.js';
import { leaveStreamedBodies } from './streamed-body.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const IDLE_CHECK_MS = 50;
/** Most that is read of a body that is too large anyway. */
const DRAIN_BYTES = 256 * 2 ** 20;
/** Longest time that this takes. */
const DRAIN_MS = 30_000;
/** Longest time in which a client sends or takes not a single byte. */
const CLIENT_IDLE_MS = 120_000;
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/**
 * Nest sets its error handler after the routes, too late for what fails before one of them: a body that is too large or
 * no JSON. This one is there from the beginning, and stays.
 */
class EarlyErrorAdapter extends FastifyAdapter {
  constructor(options: FastifyServerOptions) {
    super(options);
    this.getInstance().setErrorHandler(async (error, request, reply) => {
      if (isBodyTooLarge(error)) {
        await drain(request.raw);
        // What has not been read by now never will be.
        if (!request.raw.complete) void reply.header('connection', 'close');
      }
      answerError(error, request, reply);
      return reply;
    });
  }

  override setErrorHandler(): ReturnType<FastifyAdapter['setErrorHandler']> {
    return this.getInstance();
  }
}

/** Reads on, within reason, until the client has sent all: in the middle of it, it would see a broken pipe, no answer. */
async function drain(body: IncomingMessage): Promise<void> {
  let bytes = 0;
  await new Promise<void>((resolve) => {
    const stop = () => {
      clearTimeout(deadline);
      body.off('data', count).off('close', stop).off('end', stop).off('error', stop);
      body.pause();
      resolve();
    };
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > DRAIN_BYTES) stop();
    };
    const deadline = setTimeout(stop, DRAIN_MS);
    body.on('data', count).once('close', stop).once('end', stop).once('error', stop);
  });
}

/**
 * The Fastify server: bounded bodies and times, one request id end to end, and headers that are safe for every path
 * (a page that needs more sets its own Content-Security-Policy).
 */
export function createHttpAdapter(config: Config, clientIdleMs = CLIENT_IDLE_MS): FastifyAdapter {
  const adapter = new EarlyErrorAdapter({
    // What stands further left in X-Forwarded-For was written by the client. (Fastify ignores a plain number of hops.)
    trustProxy: config.TRUST_PROXY > 0 && ((_address: string, hop: number) => hop < config.TRUST_PROXY),
    bodyLimit: config.BODY_LIMIT_BYTES,
    // With or without a slash at the end: clients of the Open Inference Protocol ask for `/v2/`, too.
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    // A client's own id is kept if it is harmless, so that its log and ours can be joined.
    genReqId: (request: { headers: Record<string, string | string[] | undefined> }) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // Coercion would let "1" pass for 1 and null for 0 where a client should hear about its mistake.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    forceCloseConnections: 'idle',
    // What still arrives on an open connection during a shutdown is answered, see drainConnections.
    return503OnClosing: false,
    // A large upload may take hours, as long as it moves.
    requestTimeout: 0,
    connectionTimeout: clientIdleMs,
    keepAliveTimeout: 72_000,
  });
  leaveStreamedBodies(adapter.getInstance());
  readCsvBodies(adapter.getInstance());
  const loopbackOnly = needsLoopbackHost(config);
  adapter.getInstance().addHook('onRequest', (request, reply, done) => {
    void reply.headers({ ...HEADERS, 'x-request-id': request.id });
    cutIfClientStalls(request, reply);
    if (loopbackOnly && !hasLoopbackHost(request, reply)) return;
    done();
  });
  drainConnections(adapter);
  return adapter;
}

/**
 * Ends connections without failing requests when a shutdown begins. Fastify closes those that are idle then; those in
 * the middle of a request become idle later, and would hold the shutdown up for the whole keep-alive time. A client that
 * never pauses is told with its next answer.
 */
function drainConnections(adapter: FastifyAdapter): void {
  const instance = adapter.getInstance();
  let stopping = false;
  instance.addHook('preClose', (done) => {
    stopping = true;
    const timer = setInterval(() => {
      instance.server.closeIdleConnections();
    }, IDLE_CHECK_MS);
    instance.server.once('close', () => {
      clearInterval(timer);
    });
    done();
  });
  instance.addHook('onRequest', (_, reply, done) => {
    if (stopping) void reply.header('connection', 'close');
    done();
  });
}
