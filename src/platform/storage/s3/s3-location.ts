import { S3ServiceException, type S3Client } from '@aws-sdk/client-s3';

/** A bucket, and the part of it that is ours. */
export interface S3Location {
  readonly client: S3Client;
  readonly bucket: string;
  /** Empty, or ending in `/`. */
  readonly prefix: string;
}

/** Reads `s3://bucket` or `s3://bucket/some/prefix`. */
export function parseS3Url(url: string): Pick<S3Location, 'bucket' | 'prefix'> {
  const { host: bucket, pathname } = new URL(url);
  const path = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  return { bucket, prefix: path === '' ? '' : `${path}/` };
}

/** The name of a service's error, such as NoSuchKey; undefined for any other error. */
export function s3Code(error: unknown): string | undefined {
  return error instanceof S3ServiceException ? error.name : undefined;
}

export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(s3Code(error) ?? '');
}
