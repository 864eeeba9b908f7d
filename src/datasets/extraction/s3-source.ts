import { Readable } from 'node:stream';
import { HeadObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { AppError } from '../../errors/app-error.js';
import { readObject } from '../../platform/storage/s3/read-object.js';
import { createS3Client, type S3Settings } from '../../platform/storage/s3/s3-client.js';
import { isMissing, s3Code } from '../../platform/storage/s3/s3-location.js';

/** What an installation lets its users read of S3 by its own credentials. */
export interface S3Access {
  readonly settings: S3Settings;
  /** `bucket`, or `bucket/prefix` for what lies below it. Everything else is refused: its role may be able to read more. */
  readonly allowList: readonly string[];
}

export interface S3Body {
  readonly body: Readable;
  readonly totalBytes: number;
  readonly release: () => void;
}

const URL_FORM = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.*[^/])$/;

/** @throws AppError BAD_INPUT for what names no object, FORBIDDEN for one that is not allowed by the setting. */
export function parseS3Source(url: string, allowList: readonly string[]): { bucket: string; key: string } {
  const [, bucket, key] = URL_FORM.exec(url) ?? [];
  // Keys are taken literally, but what stands between us and the bucket might resolve such parts.
  if (bucket === undefined || key === undefined || key.split('/').some((part) => part === '.' || part === '..')) {
    throw new AppError('BAD_INPUT', 'The address must name an object as s3://bucket/path/file.');
  }
  if (allowList.some((entry) => covers(entry, bucket, key))) return { bucket, key };
  throw new AppError(
    'FORBIDDEN',
    `Sources in the bucket ${bucket} are not allowed here. An administrator can allow the bucket, or a part of it, with SOURCE_S3_ALLOW_LIST.`,
  );
}

/** Opens an object. @throws AppError that says what to do about a missing or forbidden one. */
export async function openS3(url: string, { settings, allowList }: S3Access, signal: AbortSignal): Promise<S3Body> {
  const { bucket, key } = parseS3Source(url, allowList);
  const client = createS3Client(settings);
  const release = (): void => {
    client.destroy();
  };
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { ContentLength } = await client.send(command, { abortSignal: signal });
    const bytes = chunks(() => readObject({ client, bucket, prefix: '' }, key, signal), url, signal);
    return { body: Readable.from(bytes, { objectMode: false }), totalBytes: ContentLength!, release };
  } catch (error) {
    release();
    throw s3SourceError(error, url, signal);
  }
}

async function* chunks(read: () => AsyncGenerator<Buffer>, url: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* read();
  } catch (error) {
    throw s3SourceError(error, url, signal);
  }
}

function covers(entry: string, bucket: string, key: string): boolean {
  const [allowed, ...prefix] = entry.split('/');
  const folder = prefix.filter((part) => part !== '').join('/');
  return allowed === bucket && (folder === '' || key.startsWith(`${folder}/`));
}

function s3SourceError(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
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
