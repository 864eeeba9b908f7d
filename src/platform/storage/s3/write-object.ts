import { createReadStream } from 'node:fs';
import { HeadObjectCommand, type ServerSideEncryption } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { setTimeout as delay } from 'node:timers/promises';
import { isMissing, s3Code, type S3Location } from './s3-location.js';

/** Parts of an upload; four are under way at once, so a process holds at most 32 MiB of a file. At most 10,000 a file. */
const PART_BYTES = 8 * 2 ** 20;
const PARTS_AT_ONCE = 4;
const CONFLICTS = 3;
const CONFLICT_PAUSE_MS = 500;

export interface Encryption {
  readonly ServerSideEncryption?: ServerSideEncryption;
  readonly SSEKMSKeyId?: string;
}

/**
 * Uploads a file under a key, unless an object has it already. An upload is invisible until it is complete, and the
 * condition is checked in that very moment, so the first complete writer wins without a copy under a staging key.
 * A failed upload's parts are removed.
 * @param key within the bucket, prefix included.
 */
export async function writeObject(
  location: S3Location,
  key: string,
  path: string,
  encryption: Encryption,
  signal?: AbortSignal,
): Promise<void> {
  for (let conflicts = 0; ; conflicts++) {
    try {
      await upload(location, key, path, { ...encryption, IfNoneMatch: '*' }, signal);
      return;
    } catch (error) {
      const code = s3Code(error);
      if (code === 'PreconditionFailed') return;
      // A completion whose answer got lost was asked for again: the upload is gone, and the object there.
      if (code === 'NoSuchUpload' && (await exists(location, key))) return;
      // Stores without conditional writes: all writers of a content-named key write the same bytes.
      if (code === 'NotImplemented') {
        await upload(location, key, path, encryption, signal);
        return;
      }
      if (code !== 'ConditionalRequestConflict' || conflicts === CONFLICTS) throw error;
      await delay(CONFLICT_PAUSE_MS * (1 + Math.random()), undefined, { signal });
    }
  }
}

async function exists({ client, bucket }: S3Location, key: string): Promise<boolean> {
  return client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

async function upload(
  { client, bucket }: S3Location,
  key: string,
  path: string,
  options: Encryption & { readonly IfNoneMatch?: string },
  signal?: AbortSignal,
): Promise<void> {
  const body = createReadStream(path, { highWaterMark: PART_BYTES });
  const sending = new Upload({
    client,
    params: { Bucket: bucket, Key: key, Body: body, ...options },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
    leavePartsOnError: false,
  });
  const abort = (): void => void sending.abort();
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await sending.done();
  } finally {
    signal?.removeEventListener('abort', abort);
    body.destroy();
  }
}
