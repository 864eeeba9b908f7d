import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Bucket, S3Problem } from './bucket.ts';
import { operate, type S3Answer, type S3Request } from './s3-operations.ts';

/** What goes wrong with a request: an error of the service, no answer at all, or an answer that breaks off. */
export type S3Fault =
  | { readonly kind: 'ERROR'; readonly status: number; readonly code: string }
  | { readonly kind: 'HANG' }
  | { readonly kind: 'CUT'; readonly afterBytes: number }
  /** The work is done, and the answer lost. */
  | { readonly kind: 'LOST_ANSWER' };

export interface S3Server {
  readonly url: string;
  readonly bucket: Bucket;
  /** Every request so far, such as `PUT a/key?partNumber=1`. */
  readonly requests: string[];
  /** Settings of a process that stores in this bucket. */
  readonly env: Readonly<Record<string, string>>;
  /** Decides for every request whether something goes wrong with it. */
  fault: (request: S3Request) => S3Fault | undefined;
  stop(): Promise<void>;
}

const BUCKET = 'boucle-test';

/**
 * A server that speaks the protocol of S3, as far as Boucle uses it, for one bucket held in memory: conditional writes,
 * multipart uploads, ranges, checksums, encryption headers. It knows one access key but verifies no signatures.
 */
export async function startS3Server(): Promise<S3Server> {
  const bucket = new Bucket();
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    STORAGE_URL: `s3://${BUCKET}/boucle`,
    AWS_ENDPOINT_URL_S3: url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: randomUUID(),
  };
  const s3: S3Server = {
    url,
    bucket,
    requests,
    env,
    fault: () => undefined,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return s3;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await read(incoming);
    requests.push(`${request.method} ${request.key}${request.query.size > 0 ? `?${request.query.toString()}` : ''}`);
    const fault = s3.fault(request);
    if (fault?.kind === 'HANG') return;
    const answer = fault?.kind === 'ERROR' ? problem(new S3Problem(fault.status, fault.code)) : answerTo(request);
    if (fault?.kind === 'LOST_ANSWER') outgoing.destroy();
    else send(outgoing, answer, fault?.kind === 'CUT' ? fault.afterBytes : undefined);
  }

  function answerTo(request: S3Request & { readonly bucketName: string }): S3Answer {
    try {
      if (request.headers.authorization === undefined) throw new S3Problem(403, 'AccessDenied');
      if (request.bucketName !== BUCKET) throw new S3Problem(404, 'NoSuchBucket');
      return operate(bucket, request);
    } catch (error) {
      if (error instanceof S3Problem) return problem(error);
      throw error;
    }
  }
}

async function read(incoming: IncomingMessage): Promise<S3Request & { readonly bucketName: string }> {
  const { pathname, searchParams: query } = new URL(incoming.url!, 'http://localhost');
  const [, bucketName = '', ...key] = decodeURIComponent(pathname).split('/');
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = 'GET', headers } = incoming;
  return { method, bucketName, key: key.join('/'), query, headers, body: Buffer.concat(chunks) };
}

function problem({ status, code }: S3Problem): S3Answer {
  return { status, body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>` };
}

function send(outgoing: ServerResponse, { status, headers, body = '' }: S3Answer, cutAfter?: number): void {
  const isXml = typeof body === 'string';
  const content = isXml && body !== '' ? `<?xml version="1.0" encoding="UTF-8"?>\n${body}` : body;
  const length = { 'content-length': String(Buffer.byteLength(content)) };
  outgoing.writeHead(status, {
    'x-amz-request-id': randomUUID(),
    ...length,
    ...(isXml && { 'content-type': 'application/xml' }),
    ...headers,
  });
  if (cutAfter === undefined) outgoing.end(content);
  else outgoing.write(Buffer.from(content).subarray(0, cutAfter), () => outgoing.destroy());
}
