import { Readable } from 'node:stream';
import { HeadObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { AppError } from '../../errors/app-error.js';
import { readObject } from '../../platform/storage/s3/read-object.js';
import { createS3Client, type S3Settings } from '../../platform/storage/s3/s3-client.js';
import { isMissing, s3Code, type S3Location } from '../../platform/storage/s3/s3-location.js';
import type { ExtractionLimits } from './limits.js';
import { type ListedObject, listObjects } from './s3-listing.js';

/** What an installation lets its users read of S3 by its own credentials. */
export interface S3Access {
  readonly settings: S3Settings;
  /** `bucket`, or `bucket/prefix` for what lies below it. Everything else is refused: its role may be able to read more. */
  readonly allowList: readonly string[];
}

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

/** @throws AppError BAD_INPUT for what names no object, FORBIDDEN for one that is not allowed by the setting. */
export function parseS3Source(url: string, allowList: readonly string[]): { bucket: string; key: string } {
  const [, bucket, key] = URL_FORM.exec(url) ?? [];
  // Keys are taken literally, but what stands between us and the bucket might resolve such parts.
  if (bucket === undefined || key === undefined || key.split('/').some((part) => part === '.' || part === '..')) {
    throw new AppError(
      'BAD_INPUT',
      'The address must name an object as s3://bucket/path/file, or with a / at its end all objects below it.',
    );
  }
  if (allowList.some((entry) => covers(entry, bucket, key))) return { bucket, key };
  throw new AppError(
    'FORBIDDEN',
    `Sources in the bucket ${bucket} are not allowed here. An administrator can allow the bucket, or a part of it, with SOURCE_S3_ALLOW_LIST.`,
  );
}

/** Names a source's object, or lists those below its prefix. @throws AppError that says what to do about a missing or forbidden one. */
export async function openS3(
  url: string,
  { settings, allowList }: S3Access,
  limits: ExtractionLimits,
  signal: AbortSignal,
): Promise<S3Objects> {
  const { bucket, key } = parseS3Source(url, allowList);
  const client = createS3Client(settings);
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
    throw s3SourceError(error, url, signal);
  }
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

function covers(entry: string, bucket: string, key: string): boolean {
  const [allowed, ...prefix] = entry.split('/');
  const folder = prefix.filter((part) => part !== '').join('/');
  return allowed === bucket && (folder === '' || key.startsWith(`${folder}/`));
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
  const message = `${url} could not be read (${code}). Check the bucket, AWS_REGION and the credentials, then extract again.`;
  return new AppError('UPSTREAM_FAILED', message, undefined, { cause: error });
}
