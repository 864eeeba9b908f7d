import type { Readable } from 'node:stream';
import { AppError } from '../../errors/app-error.js';

const KEY = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/**
 * Port for files that outlive a process: snapshots and model artifacts. Implemented on the file system and on S3.
 * Keys are `/`-separated, of `[A-Za-z0-9._-]` parts. A content-named key is written once and never changed.
 * Every method throws AppError UPSTREAM_FAILED when the store cannot be reached, and NOT_FOUND for a missing key.
 */
export abstract class ObjectStore {
  /** Stores a local file. Nothing is visible under `key` until it is complete; an object already there stays as it is. */
  abstract putFile(key: string, path: string, signal?: AbortSignal): Promise<void>;
  abstract read(key: string, signal?: AbortSignal): Promise<Readable>;
  /** Copies an object to a local file, complete or not at all. */
  abstract download(key: string, path: string, signal?: AbortSignal): Promise<void>;
  abstract stat(key: string): Promise<ObjectInfo | undefined>;
  /** Deleting a missing object is no error. */
  abstract delete(key: string): Promise<void>;
  abstract list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Where others find an object, or what lies below a key that ends in `/`: `s3://bucket/prefix/key` or `file:///folder/key`. */
  abstract url(key: string): string;
  /** Throws if the store cannot be used. */
  abstract check(): Promise<void>;
}

/** @throws AppError BAD_INPUT for what is no key, `..` as a part included. */
export function assertKey(key: string): void {
  if (KEY.test(key) && !key.split('/').includes('..')) return;
  throw new AppError('BAD_INPUT', `${key} is no object key.`);
}

export function missingObject(key: string): AppError {
  return new AppError('NOT_FOUND', `The object store has no object ${key}.`);
}
