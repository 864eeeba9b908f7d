import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { errorCode } from './outbound-request.js';

export interface ReceivedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ReceivingLimit {
  readonly maxBytes: number;
  /** What to say of a larger body. */
  readonly tooLarge: (maxBytes: number) => AppError;
}

/**
 * Writes a streamed body to a temporary file, which is there until `work` ends.
 * @throws AppError BAD_INPUT for an empty body, LIMIT_EXCEEDED for a full disk, and that of the limit.
 */
export async function receiveFile<Result>(
  body: Readable,
  limit: ReceivingLimit,
  work: (file: ReceivedFile) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-upload-'));
  const path = join(folder, 'body');
  try {
    const file = { path, ...(await writeWithin(body, path, limit)) };
    if (file.bytes === 0) {
      throw new AppError('BAD_INPUT', 'The upload is empty. Send the file as the body of the request.');
    }
    return await work(file);
  } catch (error) {
    throw errorCode(error) === 'ENOSPC' ? diskFull(error) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeWithin(
  body: Readable,
  path: string,
  { maxBytes, tooLarge }: ReceivingLimit,
): Promise<Omit<ReceivedFile, 'path'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  // Left open, a body that is too large is read to its end after the answer; destroyed, the answer would not arrive.
  const chunksOfBody = body.iterator({ destroyOnReturn: false });
  await pipeline(
    chunksOfBody,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  return { bytes, sha256: hash.digest('hex') };
}

function diskFull(cause: unknown): AppError {
  const message = 'The disk of the server is full, so it could not take the file. Ask an administrator to free space.';
  return new AppError('LIMIT_EXCEEDED', message, undefined, { cause });
}
