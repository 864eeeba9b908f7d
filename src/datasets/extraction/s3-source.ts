import { Readable } from 'node:stream';
import { HeadObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { AppError } from '../../errors/app-error.js';
import { guardedLookup, type OutboundPolicy } from '../../platform/http/outbound-policy.js';
import { parseSourceUrl, portOf } from '../../platform/http/outbound-request.js';
import { readObject } from '../../platform/storage/s3/read-object.js';
import { createS3Client, type S3Settings } from '../../platform/storage/s3/s3-client.js';
import { isMissing, s3Code, type S3Location } from '../../platform/storage/s3/s3-location.js';
import type { ExtractionContext, S3Access } from './extraction-context.js';
import { type ListedObject, listObjects } from './s3-listing.js';
import type { S3SourceSpec } from './source-spec.js';

/** The objects that a source names, as they are at this moment. */
export interface S3Objects {
  readonly objects: readonly ListedObject[];
  /** Hidden or empty ones below the prefix. */
  readonly leftOut: number;
  /** Address of an object. */
  readonly url: (object: ListedObject) => string;
  /** The bytes of an object, unless it has changed since it was listed. */
  readonly read: (object: ListedObject) => Readable;
  readonly release: () => void;
}

const URL_FORM = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.*)$/;

/**
 * @throws AppError BAD_INPUT for what names no object, or an endpoint that may not be connected to; FORBIDDEN for what is
 *   not allowed by the setting.
 */
export function parseS3Source(
  { url, endpoint }: S3SourceSpec,
  allowList: readonly string[],
  policy: OutboundPolicy,
): { readonly bucket: string; readonly key: string; readonly server?: URL } {
  const [, bucket, key] = URL_FORM.exec(url) ?? [];
  // Keys are taken literally, but what stands between us and the bucket might resolve such parts.
  if (bucket === undefined || key === undefined || key.split('/').some((part) => part === '.' || part === '..')) {
    throw new AppError(
      'BAD_INPUT',
      'The address must name an object as s3://bucket/path/file, or with a / at its end all objects below it.',
    );
  }
  const server = endpoint === undefined ? undefined : parseEndpoint(endpoint, policy);
  const place = server ? `${server.origin}/${bucket}` : bucket;
  if (allowList.some((entry) => covers(entry, place, key))) return { bucket, key, ...(server && { server }) };
  throw new AppError(
    'FORBIDDEN',
    `Sources in the bucket ${place} are not allowed here. An administrator can allow the bucket, or a part of it, with SOURCE_S3_ALLOW_LIST.`,
  );
}

function parseEndpoint(endpoint: string, policy: OutboundPolicy): URL {
  const server = parseSourceUrl(endpoint, policy);
  if (server.href === `${server.origin}/`) return server;
  throw new AppError('BAD_INPUT', 'The endpoint must be an address without a path, such as https://s3.example.org.');
}

/** Names a source's object, or lists those below its prefix. @throws AppError that says what to do about a missing or forbidden one. */
export async function openS3(
  source: S3SourceSpec,
  { settings, allowList }: S3Access,
  { outbound, limits, signal }: Pick<ExtractionContext, 'outbound' | 'limits' | 'signal'>,
): Promise<S3Objects> {
  const { bucket, key, server } = parseS3Source(source, allowList, outbound);
  const { region = settings.AWS_REGION } = source;
  const client = server
    ? createS3Client({ ...settings, ...ownServer(server), AWS_REGION: region }, guardedLookup(outbound, portOf(server)))
    : createS3Client({ ...settings, AWS_REGION: region });
  const location = { client, bucket, prefix: '' };
  const urlOf = (object: ListedObject): string => `s3://${bucket}/${object.key}`;
  const read = (object: ListedObject): Readable =>
    Readable.from(chunksOf(location, object, urlOf(object), signal), { objectMode: false });
  const release = (): void => {
    client.destroy();
  };
  try {
    const found = isPrefix(key)
      ? await listObjects({ ...location, prefix: key }, limits, signal)
      : { objects: [await headObject(location, key, signal)], leftOut: 0 };
    return { ...found, url: urlOf, read, release };
  } catch (error) {
    release();
    throw s3SourceError(error, source.url, signal);
  }
}

/** With the bucket in the path, the host that is connected to is the one that was checked, whatever the bucket's name. */
function ownServer({ origin }: URL): Pick<S3Settings, 'AWS_ENDPOINT_URL_S3' | 'S3_FORCE_PATH_STYLE'> {
  return { AWS_ENDPOINT_URL_S3: origin, S3_FORCE_PATH_STYLE: true };
}

function isPrefix(key: string): boolean {
  return key === '' || key.endsWith('/');
}

async function headObject(
  { client, bucket }: S3Location,
  key: string,
  abortSignal: AbortSignal,
): Promise<ListedObject> {
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
  const { ContentLength, ETag } = await client.send(command, { abortSignal });
  return { key, bytes: ContentLength!, etag: ETag! };
}

async function* chunksOf(
  location: S3Location,
  { key, etag }: ListedObject,
  url: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    yield* readObject(location, key, signal, etag);
  } catch (error) {
    const isOther = isMissing(error) || s3Code(error) === 'PreconditionFailed';
    if (!isOther || signal.aborted) throw s3SourceError(error, url, signal);
    const what = isMissing(error) ? 'deleted' : 'replaced';
    const message = `${url} was ${what} while the source was read. Extract again when nobody writes there.`;
    throw new AppError('UPSTREAM_FAILED', message, undefined, { cause: error });
  }
}

function covers(entry: string, place: string, key: string): boolean {
  if (entry !== place && !entry.startsWith(`${place}/`)) return false;
  const folder = entry
    .slice(place.length)
    .split('/')
    .filter((part) => part !== '')
    .join('/');
  return folder === '' || key.startsWith(`${folder}/`);
}

function s3SourceError(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AppError) return error;
  if (isMissing(error)) return new AppError('NOT_FOUND', `There is no object ${url}. Check its name.`);
  // The answer to a HEAD request has no body, and so no name of an error.
  if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403) {
    const message = `Boucle may not read ${url}. Allow s3:GetObject and s3:ListBucket there to its role (docs/aws.md).`;
    return new AppError('UPSTREAM_FAILED', message, undefined, { cause: error });
  }
  const code = s3Code(error) ?? (error as Error).name;
  if (isElsewhere(error, code)) {
    const message = `${url} is in another region. Name that as the \`region\` of the source.`;
    return new AppError('UPSTREAM_FAILED', message, undefined, { cause: error });
  }
  const message = `${url} could not be read (${code}). Check the bucket, its region and endpoint, and the credentials, then extract again.`;
  return new AppError('UPSTREAM_FAILED', message, undefined, { cause: error });
}

function isElsewhere(error: unknown, code: string): boolean {
  const isRedirect = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 301;
  return isRedirect || ['PermanentRedirect', 'AuthorizationHeaderMalformed'].includes(code);
}
