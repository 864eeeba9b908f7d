import { GetObjectCommand } from '@aws-sdk/client-s3';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { s3Code, type S3Location } from './s3-location.js';

/** A download may break off so often in a row before it fails. */
const BREAKS = 4;
const PAUSE_MS = 200;

/**
 * The bytes of an object. Where the connection breaks off, they go on from there, as long as the object is the same;
 * the client's own retries end with the first byte.
 * @param key within the bucket, prefix included.
 * @param onlyIf ETag of the object that is meant; PreconditionFailed if it was replaced meanwhile.
 */
export async function* readObject(
  { client, bucket }: S3Location,
  key: string,
  signal?: AbortSignal,
  onlyIf?: string,
): AsyncGenerator<Buffer> {
  let offset = 0;
  let etag = onlyIf;
  for (let breaks = 0; ;) {
    try {
      const range = offset > 0 && { Range: `bytes=${offset}-` };
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag, ...range });
      const answer = await client.send(command, { abortSignal: signal });
      etag ??= answer.ETag;
      for await (const chunk of answer.Body as Readable) {
        yield chunk as Buffer;
        offset += (chunk as Buffer).length;
        breaks = 0;
      }
      return;
    } catch (error) {
      // What the service itself answered was asked for again by the client already.
      if (s3Code(error) !== undefined || signal?.aborted || ++breaks > BREAKS) throw error;
      await delay(PAUSE_MS * 2 ** breaks * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}
