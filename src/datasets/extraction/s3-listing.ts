import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { AppError } from '../../errors/app-error.js';
import type { S3Location } from '../../platform/storage/s3/s3-location.js';
import type { ExtractionLimits } from './limits.js';
import { tooLarge } from './staging.js';

export interface ListedObject {
  /** Within the bucket, prefix included. */
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
}

/**
 * All objects with data below a prefix, in the order of their keys' bytes, whatever order the service lists them in.
 * @throws AppError NOT_FOUND if there is none, LIMIT_EXCEEDED as soon as they are too many or too large.
 */
export async function listObjects(
  { client, bucket, prefix }: S3Location,
  { maxObjects, maxBytes }: ExtractionLimits,
  abortSignal: AbortSignal,
): Promise<{ readonly objects: readonly ListedObject[]; readonly leftOut: number }> {
  const objects: ListedObject[] = [];
  let leftOut = 0;
  let bytes = 0;
  const request = { Bucket: bucket, Prefix: prefix };
  for await (const page of paginateListObjectsV2({ client }, request, { abortSignal })) {
    for (const { Key: key, Size, ETag } of page.Contents ?? []) {
      if (!holdsData(key!, Size!, prefix)) {
        leftOut++;
        continue;
      }
      objects.push({ key: key!, bytes: Size!, etag: ETag! });
      bytes += Size!;
      if (objects.length > maxObjects) throw tooMany(bucket, prefix, maxObjects);
      if (bytes > maxBytes) throw tooLarge(maxBytes);
    }
  }
  if (objects.length === 0) throw nothingBelow(bucket, prefix, leftOut);
  return { objects: objects.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))), leftOut };
}

/** False for what Spark, Hive and consoles leave beside data: `_SUCCESS`, `.hidden`, `_temporary/…`, folders, nothing. */
export function holdsData(key: string, bytes: number, prefix: string): boolean {
  const parts = key.slice(prefix.length).split('/');
  return bytes > 0 && !key.endsWith('/') && !parts.some((part) => /^[_.]/.test(part));
}

function tooMany(bucket: string, prefix: string, maxObjects: number): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `There are more than ${maxObjects} objects below s3://${bucket}/${prefix}. Join them into larger ones, or name a part of them.`,
    { maxObjects },
  );
}

function nothingBelow(bucket: string, prefix: string, leftOut: number): AppError {
  const others = leftOut > 0 ? `, only ${leftOut} hidden or empty ones` : '';
  return new AppError('NOT_FOUND', `There is no object below s3://${bucket}/${prefix}${others}. Check the address.`);
}
