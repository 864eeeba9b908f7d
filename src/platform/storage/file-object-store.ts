import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, copyFile, link, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import { assertKey, missingObject, ObjectInfo, ObjectStore } from './object-store.js';

const STAGING = '.staging';
/** No copy takes so long: older files are what killed processes left. */
const STAGING_MS = 86_400_000;

/** Object store in a folder, for one machine or a shared volume. */
export class FileObjectStore extends ObjectStore {
  private readonly root: string;
  private isSwept = false;

  /** @param url `file:///absolute/folder`, created when first written to. */
  constructor(url: string) {
    super();
    this.root = fileURLToPath(url);
  }

  override async putFile(key: string, path: string, signal?: AbortSignal): Promise<void> {
    const target = this.pathOf(key);
    const staged = join(this.root, STAGING, randomUUID());
    try {
      // 0700: snapshots are for this process only, also where the folders above them let others pass.
      await mkdir(this.root, { recursive: true, mode: 0o700 });
      await mkdir(dirname(staged), { recursive: true });
      await this.sweepStaging(dirname(staged));
      await mkdir(dirname(target), { recursive: true });
      await copyFile(path, staged);
      await syncToDisk(staged);
      signal?.throwIfAborted();
      await link(staged, target); // Unlike rename, link refuses to replace: the first complete writer wins.
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw storeError(error, key);
    } finally {
      await rm(staged, { force: true });
    }
  }

  override async read(key: string, signal?: AbortSignal): Promise<Readable> {
    if (!(await this.stat(key))) throw missingObject(key);
    return createReadStream(this.pathOf(key), { signal, highWaterMark: 1 << 18 });
  }

  override async download(key: string, path: string): Promise<void> {
    const partial = `${path}.${randomUUID()}`;
    try {
      await copyFile(this.pathOf(key), partial, constants.COPYFILE_FICLONE);
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw storeError(error, key);
    }
  }

  override async stat(key: string): Promise<ObjectInfo | undefined> {
    try {
      const { size, mtime } = await stat(this.pathOf(key));
      return { key, bytes: size, modifiedAt: mtime };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw storeError(error, key);
    }
  }

  override async delete(key: string): Promise<void> {
    await rm(this.pathOf(key), { force: true });
  }

  override async *list(prefix: string): AsyncIterable<ObjectInfo> {
    for await (const path of filesUnder(this.root)) {
      const key = relative(this.root, path).split(sep).join('/');
      if (!key.startsWith(prefix) || key.startsWith(STAGING)) continue;
      const info = await this.stat(key);
      if (info) yield info;
    }
  }

  override url(key: string): string {
    return pathToFileURL(join(this.root, key)).href;
  }

  override async check(): Promise<void> {
    try {
      await mkdir(this.root, { recursive: true });
      await access(this.root, constants.W_OK);
    } catch (error) {
      throw storeError(error, this.root);
    }
  }

  /** Once a process, before it stores something itself. */
  private async sweepStaging(folder: string): Promise<void> {
    if (this.isSwept) return;
    this.isSwept = true;
    for await (const path of filesUnder(folder)) {
      const info = await this.stat(relative(this.root, path).split(sep).join('/'));
      if (info && Date.now() - info.modifiedAt.getTime() > STAGING_MS) await rm(path, { force: true });
    }
  }

  private pathOf(key: string): string {
    assertKey(key);
    return join(this.root, key);
  }
}

async function syncToDisk(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.sync();
  await file.close();
}

async function* filesUnder(folder: string): AsyncIterable<string> {
  const entries = await opendir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!entries) return;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

function storeError(error: unknown, key: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return missingObject(key);
  const advice: Record<string, string> = {
    ENOSPC: 'its disk is full; free some space and try again',
    EDQUOT: 'its quota is used up; free some space and try again',
    EACCES: 'this process may not write there; mend the permissions of the folder',
    EROFS: 'it is mounted read-only',
  };
  const reason = code === undefined ? undefined : advice[code];
  if (reason === undefined) return error;
  return new AppError('UPSTREAM_FAILED', `The object store cannot be used: ${reason}.`, undefined, { cause: error });
}
