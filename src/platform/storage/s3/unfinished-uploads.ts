import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import type { S3Location } from './s3-location.js';

/** No upload takes so long: older ones are what killed processes left. */
const UPLOAD_MS = 86_400_000;

/**
 * Removes the parts of uploads that nobody goes on with; they would be paid for as long as the bucket exists.
 * @returns how many uploads that were.
 */
export async function abortUnfinishedUploads(
  location: S3Location,
  abortSignal: AbortSignal,
  olderThanMs = UPLOAD_MS,
): Promise<number> {
  const { client, bucket } = location;
  let aborted = 0;
  for await (const { Key, UploadId, Initiated } of unfinishedUploads(location, abortSignal)) {
    if (!Initiated || Date.now() - Initiated.getTime() < olderThanMs) continue;
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }), { abortSignal });
    aborted++;
  }
  return aborted;
}

async function* unfinishedUploads(
  { client, bucket, prefix }: S3Location,
  abortSignal: AbortSignal,
): AsyncGenerator<MultipartUpload> {
  let after: Pick<ListMultipartUploadsCommandOutput, 'NextKeyMarker' | 'NextUploadIdMarker'> | undefined;
  do {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket,
        Prefix: prefix,
        KeyMarker: after?.NextKeyMarker,
        UploadIdMarker: after?.NextUploadIdMarker,
      }),
      { abortSignal },
    );
    yield* page.Uploads ?? [];
    after = page.IsTruncated ? page : undefined;
  } while (after);
}
