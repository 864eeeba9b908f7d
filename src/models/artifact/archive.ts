import { createHash, Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, type Header, pack } from 'tar-stream';

/** What an archive may hold at most; far above what our trainers write. */
const MAX_ENTRIES = 32;
const MAX_UNPACKED_BYTES = 1 << 30;

export interface ArchivedFile {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface Archive {
  /** Of the packed bytes. */
  readonly sha256: string;
  readonly files: ReadonlyMap<string, ArchivedFile>;
}

/** The bytes are no archive that we accept; the message says why. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

/**
 * Reads the wanted files of a tar.gz, all while it streams: an archive that was made to fill memory or to reach outside
 * its folder ends the reading at the entry that shows it. Files that are not wanted are checked and passed over.
 *
 * @param maxBytes of each wanted file.
 * @throws ArchiveError for links, devices, absolute paths, `..`, files that stand twice, more entries or bytes than
 *   allowed, and damaged data. Errors of `source` pass through.
 */
export async function readArchive(
  source: Readable,
  wanted: readonly string[],
  maxBytes = MAX_UNPACKED_BYTES,
): Promise<Archive> {
  const packed = createHash('sha256');
  const unpack = extract();
  let sourceError: Error | undefined;
  source.once('error', (error) => (sourceError = error));
  const flow = pipeline(source, hashing(packed), createGunzip(), capped(MAX_UNPACKED_BYTES), unpack);
  flow.catch(() => undefined); // The loop below ends with the same error, or with the one that caused it.
  const files = new Map<string, ArchivedFile>();
  try {
    let entries = 0;
    for await (const entry of unpack) {
      if (++entries > MAX_ENTRIES) throw new ArchiveError(`it holds more than ${MAX_ENTRIES} files`);
      const name = safeName(entry.header);
      if (!wanted.includes(name)) {
        entry.resume();
        continue;
      }
      if (files.has(name)) throw new ArchiveError(`${name} stands in it twice`);
      files.set(name, await readEntry(entry, { name, size: entry.header.size }, maxBytes));
    }
    await flow;
  } catch (error) {
    if (sourceError) throw sourceError;
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError('it is damaged or cut off', { cause: error });
  }
  return { sha256: packed.digest('hex'), files };
}

/** Packs files of a folder, in the given order. The same files give the same bytes: no times, no owners. */
export async function writeArchive(folder: string, names: readonly string[], target: string): Promise<string> {
  const packed = createHash('sha256');
  const archive = pack();
  const flow = pipeline(archive, createGzip(), hashing(packed), createWriteStream(target));
  const entries = addFiles();
  await Promise.all([flow, entries]);
  return packed.digest('hex');

  async function addFiles(): Promise<void> {
    try {
      for (const name of names) {
        const path = join(folder, name);
        const { size } = await stat(path);
        const entry = archive.entry({ name, size, mode: 0o644, mtime: new Date(0) });
        await pipeline(createReadStream(path), entry);
      }
      archive.finalize();
    } catch (error) {
      archive.destroy(error as Error);
      throw error;
    }
  }
}

/** @returns '' for the folder that was packed itself, which platforms that pack one name as `./`. */
function safeName(header: Header): string {
  const name = header.name.replace(/^(\.\/)+/, '');
  if (header.type === 'directory' && name === '') return name;
  if (header.type !== 'file') throw new ArchiveError(`${header.name} is a ${header.type} entry, not a file`);
  if (name.startsWith('/') || name.split(/[\\/]/).includes('..')) {
    throw new ArchiveError(`${header.name} reaches outside the archive`);
  }
  return name;
}

/** Fills memory of the stated size piece by piece: joining the pieces of a large file in the end would block. */
async function readEntry(
  entry: AsyncIterable<unknown>,
  { name, size }: { readonly name: string; readonly size: number },
  maxBytes: number,
): Promise<ArchivedFile> {
  if (size > maxBytes) throw new ArchiveError(`${name} has ${size} bytes, more than ${maxBytes}`);
  const hash = createHash('sha256');
  const bytes = Buffer.allocUnsafe(size); // The entry ends with an error unless it brings exactly that many.
  let filled = 0;
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    hash.update(chunk);
    filled += chunk.copy(bytes, filled);
  }
  return { bytes, sha256: hash.digest('hex') };
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

function capped(limit: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes > limit) done(tooLarge(limit));
      else done(null, chunk);
    },
  });
}

function tooLarge(limit: number): ArchiveError {
  return new ArchiveError(`it unpacks to more than ${limit / 2 ** 20} MiB`);
}
