import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../errors/app-error.js';
import { errorCode } from '../../platform/http/outbound-request.js';
import { ExtractionLimits } from './limits.js';
import { FileFormat } from './source-spec.js';

export interface StagingOptions {
  readonly path: string;
  readonly format: FileFormat;
  readonly encoding: 'UTF8' | 'LATIN1';
  readonly signal: AbortSignal;
  /** Counts the bytes of the whole source, of which this may be one file of several. */
  readonly meter: ByteMeter;
}

/** Below this size a high compression ratio is no danger. */
const RATIO_FREE_BYTES = 64 * 2 ** 20;
const HEAD_BYTES = 4096;
/** Chunks that wait are written with one system call. */
const WRITE_BUFFER_BYTES = 2 ** 20;
const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * Writes a source to a file as plain UTF-8 (or as it stands for Parquet): unpacked if it is gzip, transcoded if it is
 * Latin-1, within the byte limits. Nothing is held in memory but the chunk in flight.
 * @throws AppError naming what is wrong with the bytes; whatever the stream itself throws passes unchanged.
 */
export async function stageStream(source: Readable, options: StagingOptions): Promise<void> {
  const { meter, signal } = options;
  const { head, rest } = await peek(source);
  const isGzip = GZIP_MAGIC.every((byte, index) => head[index] === byte);
  const bytes = meter.countRead(rest);
  const write = createWriteStream(options.path, { highWaterMark: WRITE_BUFFER_BYTES });
  const transcode = options.encoding === 'LATIN1' && options.format !== 'PARQUET' ? latin1ToUtf8 : unchanged;
  try {
    if (isGzip) await pipeline(bytes, createGunzip(), meter.countUnpacked, transcode, write, { signal });
    else await pipeline(bytes, meter.countPlain, transcode, write, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw describeStagingError(error);
  }
  await assertLooksLike(options);
}

/** Counts and caps the bytes of a source: those that are read, and those that it takes on the disk. */
export class ByteMeter {
  read = 0;
  private written = 0;

  constructor(
    private readonly limits: ExtractionLimits,
    private readonly onBytes?: (bytes: number) => void,
  ) {}

  async *countRead(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.read += chunk.length;
      if (this.read > this.limits.maxBytes) throw tooLarge(this.limits.maxBytes);
      this.onBytes?.(this.read);
      yield chunk;
    }
  }

  readonly countPlain = async function* (this: ByteMeter, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.countWritten(chunk);
      yield chunk;
    }
  }.bind(this);

  readonly countUnpacked = async function* (this: ByteMeter, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.countWritten(chunk);
      const allowed = Math.max(RATIO_FREE_BYTES, this.read * this.limits.maxGzipRatio);
      if (this.written > allowed) throw compressedTooMuch(this.limits.maxGzipRatio);
      yield chunk;
    }
  }.bind(this);

  private countWritten({ length }: Buffer): void {
    this.written += length;
    if (this.written > this.limits.maxBytes) throw tooLarge(this.limits.maxBytes);
  }
}

async function* unchanged(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** What is called Latin-1 is nearly always Windows-1252, its superset with the euro sign and curly quotes. */
async function* latin1ToUtf8(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('windows-1252');
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk), 'utf8');
}

/** Reads at least two bytes ahead, and gives them back as the beginning of the rest. */
async function peek(source: Readable): Promise<{ head: Buffer; rest: AsyncIterable<Buffer> }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head, rest: resume(head, chunks) };
}

async function* resume(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}

async function assertLooksLike({ path, format }: StagingOptions): Promise<void> {
  const head = await readHead(path);
  if (head.length === 0)
    throw new AppError('BAD_INPUT', 'The source is empty. Check that it holds data, then extract again.');
  if (format === 'PARQUET') {
    if (head.toString('latin1', 0, 4) === 'PAR1') return;
    throw new AppError('BAD_INPUT', 'The source is not a Parquet file. Choose the format that it has.');
  }
  const text = head
    .toString('latin1')
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart()
    .toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) {
    throw new AppError(
      'BAD_INPUT',
      'The source is a web page (HTML), not data. Use the link that downloads the file itself, which often ends in /raw or ?download.',
    );
  }
  if (text.startsWith('par1'))
    throw new AppError('BAD_INPUT', 'The source is a Parquet file. Choose the format PARQUET.');
  if (head.includes(0)) {
    throw new AppError(
      'BAD_INPUT',
      `The source is not ${format} text: it holds zero bytes, as UTF-16, archives and spreadsheets do. Save it as UTF-8 ${format}, plain or gzip.`,
    );
  }
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function describeStagingError(error: unknown): unknown {
  const code = errorCode(error);
  if (code === 'Z_BUF_ERROR') {
    return new AppError(
      'UPSTREAM_FAILED',
      'The gzip data ends too early: the file is truncated. Provide it again in full.',
    );
  }
  if (code === 'Z_DATA_ERROR') {
    return new AppError('UPSTREAM_FAILED', 'The gzip data is damaged. Pack the file again, then extract again.');
  }
  if (code === 'ENOSPC') return diskFull(error);
  return error;
}

/** Shared with the conversion, which writes to the same disk. */
export function diskFull(cause: unknown): AppError {
  const message = 'The disk of the worker is full. Free space there or take less data, then extract again.';
  return new AppError('LIMIT_EXCEEDED', message, undefined, { cause });
}

export function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `The source holds more than ${maxBytes} bytes. Take less data, or ask an administrator to raise SOURCE_MAX_BYTES.`,
    { maxBytes },
  );
}

function compressedTooMuch(ratio: number): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `The gzip data unpacks to more than ${ratio} times its size. Provide it uncompressed.`,
  );
}
