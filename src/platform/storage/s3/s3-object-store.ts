import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DeleteObjectCommand, HeadBucketCommand, HeadObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { Logger } from '@nestjs/common';
import { assertKey, missingObject, type ObjectInfo, ObjectStore } from '../object-store.js';
import { readObject } from './read-object.js';
import { createS3Client, type S3Settings } from './s3-client.js';
import { storageError } from './s3-error.js';
import { isMissing, parseS3Url, type S3Location } from './s3-location.js';
import { abortUnfinishedUploads } from './unfinished-uploads.js';
import { type Encryption, writeObject } from './write-object.js';

/** A request for facts about objects takes no longer, its retries included. */
const TIMEOUT_MS = 60_000;

/** Object store in a bucket of S3, or of a server that speaks its protocol. */
export class S3ObjectStore extends ObjectStore {
  private readonly logger = new Logger('Storage');
  private readonly location: S3Location;
  private readonly encryption: Encryption;
  private isSwept = false;

  /** @param url `s3://bucket` or `s3://bucket/prefix`; the bucket must exist. */
  constructor(url: string, settings: S3Settings) {
    super();
    this.location = { client: createS3Client(settings), ...parseS3Url(url) };
    this.encryption = {
      ...(settings.S3_ENCRYPTION && { ServerSideEncryption: settings.S3_ENCRYPTION }),
      ...(settings.S3_KMS_KEY_ID !== undefined && { SSEKMSKeyId: settings.S3_KMS_KEY_ID }),
    };
  }

  override async putFile(key: string, path: string, signal?: AbortSignal): Promise<void> {
    if (await this.head(key, signal)) return;
    void this.sweep();
    await this.named(signal, () => writeObject(this.location, this.keyOf(key), path, this.encryption, signal));
  }

  override async read(key: string, signal?: AbortSignal): Promise<Readable> {
    if (!(await this.head(key, signal))) throw missingObject(key);
    return Readable.from(this.bytes(key, signal), { objectMode: false });
  }

  override async download(key: string, path: string, signal?: AbortSignal): Promise<void> {
    const partial = `${path}.${randomUUID()}`;
    try {
      await pipeline(this.bytes(key, signal), createWriteStream(partial), { signal });
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw signal?.aborted ? signal.reason : error;
    }
  }

  override stat(key: string): Promise<ObjectInfo | undefined> {
    return this.head(key);
  }

  override async delete(key: string): Promise<void> {
    const { bucket, client } = this.location;
    const command = new DeleteObjectCommand({ Bucket: bucket, Key: this.keyOf(key) });
    await this.named(undefined, () => client.send(command, { abortSignal: timeLimit() }));
  }

  override async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const { bucket, client, prefix: ours } = this.location;
    try {
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: ours + prefix })) {
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          yield { key: Key!.slice(ours.length), bytes: Size!, modifiedAt: LastModified! };
        }
      }
    } catch (error) {
      throw storageError(error, bucket);
    }
  }

  override url(key: string): string {
    return `s3://${this.location.bucket}/${this.location.prefix}${key}`;
  }

  override async check(): Promise<void> {
    const { bucket, client } = this.location;
    await this.named(undefined, () =>
      client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: timeLimit() }),
    );
  }

  private async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    const { bucket, client } = this.location;
    try {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: this.keyOf(key) });
      const { ContentLength: bytes, LastModified } = await client.send(command, { abortSignal: timeLimit(signal) });
      return { key, bytes: bytes!, modifiedAt: LastModified! };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError(error, bucket, signal);
    }
  }

  private async *bytes(key: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    try {
      yield* readObject(this.location, this.keyOf(key), signal);
    } catch (error) {
      throw isMissing(error) ? missingObject(key) : storageError(error, this.location.bucket, signal);
    }
  }

  /** Once a process, beside its first upload. What it can't remove costs money, but breaks nothing. */
  private async sweep(): Promise<void> {
    if (this.isSwept) return;
    this.isSwept = true;
    await abortUnfinishedUploads(this.location, timeLimit()).catch((error: unknown) => {
      this.logger.warn(
        { err: error },
        'unfinished uploads cannot be looked for; allow s3:ListBucketMultipartUploads, or give the bucket a lifecycle rule that aborts them',
      );
    });
  }

  private async named<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storageError(error, this.location.bucket, signal);
    }
  }

  private keyOf(key: string): string {
    assertKey(key);
    return this.location.prefix + key;
  }
}

function timeLimit(signal?: AbortSignal): AbortSignal {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}
