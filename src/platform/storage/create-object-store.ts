import type { Config } from '../../config/config.js';
import { FileObjectStore } from './file-object-store.js';
import type { ObjectStore } from './object-store.js';
import { S3ObjectStore } from './s3/s3-object-store.js';

/** The store that STORAGE_URL names. */
export function createObjectStore(config: Config): ObjectStore {
  return config.STORAGE_URL.startsWith('s3:')
    ? new S3ObjectStore(config.STORAGE_URL, config)
    : new FileObjectStore(config.STORAGE_URL);
}
