import type { IncomingHttpHeaders } from 'node:http';
import { type Bucket, S3Problem, type StoredObject } from './bucket.ts';
import { crc32Of, decodeChunked } from './chunked-body.ts';

export interface S3Request {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const KEPT_HEADERS = ['content-type', 'x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'];
const PAGE = 1_000;

/** The operations of a bucket and of its objects, after the API reference of S3. */
export function operate(bucket: Bucket, request: S3Request): S3Answer {
  const { method, key, query } = request;
  if (key === '') return query.has('uploads') ? listUploads(bucket, query) : listOrHead(bucket, request);
  if (method === 'PUT' && query.has('partNumber')) return putPart(bucket, request);
  if (method === 'PUT' && request.headers['x-amz-copy-source'] !== undefined) return copy(bucket, request);
  if (method === 'PUT') return put(bucket, request);
  if (method === 'POST' && query.has('uploads')) return begin(bucket, request);
  if (method === 'POST' && query.has('uploadId')) return complete(bucket, request);
  if (method === 'DELETE' && query.has('uploadId')) return abort(bucket, query);
  if (method === 'DELETE') return remove(bucket, key);
  if (method === 'GET' || method === 'HEAD') return get(bucket, request);
  throw new S3Problem(405, 'MethodNotAllowed');
}

function put(bucket: Bucket, request: S3Request): S3Answer {
  const { etag } = bucket.put(request.key, checkedBody(request), keptHeaders(request.headers), isConditional(request));
  return { status: 200, headers: { etag } };
}

function copy(bucket: Bucket, request: S3Request): S3Answer {
  const source = decodeURIComponent(request.headers['x-amz-copy-source'] as string).replace(/^\/?[^/]+\//, '');
  const { data, headers } = bucket.object(source);
  const { etag, modifiedAt } = bucket.put(request.key, data, headers, isConditional(request));
  const body = `<CopyObjectResult>${tag('ETag', etag)}${tag('LastModified', modifiedAt.toISOString())}</CopyObjectResult>`;
  return { status: 200, body };
}

function begin(bucket: Bucket, { key, headers }: S3Request): S3Answer {
  const id = bucket.begin(key, keptHeaders(headers));
  return {
    status: 200,
    body: `<InitiateMultipartUploadResult>${tag('Key', key)}${tag('UploadId', id)}</InitiateMultipartUploadResult>`,
  };
}

function putPart(bucket: Bucket, request: S3Request): S3Answer {
  const data = checkedBody(request);
  bucket.upload(request.query.get('uploadId')!).parts.set(Number(request.query.get('partNumber')), data);
  return { status: 200, headers: { etag: `"${crc32Of(data)}"` } };
}

function complete(bucket: Bucket, request: S3Request): S3Answer {
  const numbers = [...request.body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, text]) =>
    Number(text),
  );
  const { etag } = bucket.complete(request.query.get('uploadId')!, numbers, isConditional(request));
  return {
    status: 200,
    body: `<CompleteMultipartUploadResult>${tag('Key', request.key)}${tag('ETag', etag)}</CompleteMultipartUploadResult>`,
  };
}

function abort(bucket: Bucket, query: URLSearchParams): S3Answer {
  bucket.uploads.delete(bucket.upload(query.get('uploadId')!).id);
  return { status: 204 };
}

function remove(bucket: Bucket, key: string): S3Answer {
  bucket.objects.delete(key);
  return { status: 204 };
}

function get(bucket: Bucket, { method, key, headers }: S3Request): S3Answer {
  const object = bucket.object(key);
  if (headers['if-match'] !== undefined && headers['if-match'] !== object.etag)
    throw new S3Problem(412, 'PreconditionFailed');
  const from = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  if (from >= object.data.length && from > 0) throw new S3Problem(416, 'InvalidRange');
  const body = object.data.subarray(from);
  const answer = { status: from > 0 ? 206 : 200, headers: objectHeaders(object, from) };
  return method === 'HEAD' ? answer : { ...answer, body };
}

function objectHeaders({ data, etag, modifiedAt, headers }: StoredObject, from: number): Record<string, string> {
  return {
    ...headers,
    etag,
    'last-modified': modifiedAt.toUTCString(),
    'content-length': String(data.length - from),
    ...(from > 0 && { 'content-range': `bytes ${from}-${data.length - 1}/${data.length}` }),
  };
}

function listOrHead(bucket: Bucket, { method, query }: S3Request): S3Answer {
  if (method === 'HEAD') return { status: 200 };
  if (method !== 'GET') throw new S3Problem(405, 'MethodNotAllowed');
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const most = Math.min(PAGE, Number(query.get('max-keys') ?? PAGE));
  const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, most);
  const contents = page.map((key) => {
    const { data, etag, modifiedAt } = bucket.object(key);
    return `<Contents>${tag('Key', key)}${tag('Size', data.length)}${tag('ETag', etag)}${tag('LastModified', modifiedAt.toISOString())}</Contents>`;
  });
  const isTruncated = keys.length > page.length;
  const token = isTruncated ? tag('NextContinuationToken', page.at(-1)!) : '';
  const body = `<ListBucketResult>${contents.join('')}${tag('IsTruncated', isTruncated)}${tag('KeyCount', page.length)}${token}</ListBucketResult>`;
  return { status: 200, body };
}

function listUploads(bucket: Bucket, query: URLSearchParams): S3Answer {
  const prefix = query.get('prefix') ?? '';
  const uploads = [...bucket.uploads.values()].filter(({ key }) => key.startsWith(prefix));
  const list = uploads.map(
    ({ id, key, initiatedAt }) =>
      `<Upload>${tag('Key', key)}${tag('UploadId', id)}${tag('Initiated', initiatedAt.toISOString())}</Upload>`,
  );
  return {
    status: 200,
    body: `<ListMultipartUploadsResult>${list.join('')}${tag('IsTruncated', false)}</ListMultipartUploadsResult>`,
  };
}

/** The bytes of a body, which must have the checksum that its headers or trailers promise. */
function checkedBody({ headers, body }: S3Request): Buffer {
  const isChunked = (headers['content-encoding'] ?? '').includes('aws-chunked');
  const { data, trailers } = isChunked ? decodeChunked(body) : { data: body, trailers: new Map<string, string>() };
  const promised = headers['x-amz-checksum-crc32'] ?? trailers.get('x-amz-checksum-crc32');
  if (promised !== undefined && promised !== crc32Of(data)) throw new S3Problem(400, 'BadDigest');
  return data;
}

function isConditional({ headers }: S3Request): boolean {
  return headers['if-none-match'] === '*';
}

function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept = KEPT_HEADERS.filter((name) => headers[name] !== undefined);
  return Object.fromEntries(kept.map((name) => [name, String(headers[name])]));
}

function tag(name: string, value: string | number | boolean): string {
  const text = String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  return `<${name}>${text}</${name}>`;
}
