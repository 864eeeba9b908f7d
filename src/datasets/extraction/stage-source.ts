import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '../../errors/app-error.js';
import { describeTransferError, openRemote } from '../../platform/http/outbound-request.js';
import type { ExtractionContext } from './extraction-context.js';
import { openPostgres } from './postgres-source.js';
import { openS3, type S3Objects } from './s3-source.js';
import type { FileFormat, ReadOptions, SourceSpec } from './source-spec.js';
import { inNamedFile, type Staged, type StagedFile } from './staged-files.js';
import { ByteMeter, stageStream, tooLarge } from './staging.js';

const PROGRESS_INTERVAL_MS = 500;

/** What a source delivers, on its way to the disk. */
interface Delivery {
  readonly format: FileFormat;
  readonly body: Readable;
  readonly totalBytes?: number;
}

/** Writes all that a source holds to files of the context's folder. @throws AppError that says what to do about it. */
export async function stageSource(
  source: SourceSpec,
  options: ReadOptions,
  context: ExtractionContext,
): Promise<Staged> {
  const staging = new Staging(join(context.folder, 'source'), options, context);
  await mkdir(staging.folder, { recursive: true });
  switch (source.kind) {
    case 'HTTP': {
      const remote = await openRemote(source.url, { policy: context.outbound, signal: context.signal });
      try {
        return await staging.one({ format: source.format, ...remote });
      } catch (error) {
        throw describeTransferError(error, new URL(source.url).host);
      } finally {
        await remote.release();
      }
    }
    case 'POSTGRES': {
      const rows = await openPostgres(source, {
        policy: context.outbound,
        signal: context.signal,
        timeoutMs: context.limits.timeoutMs,
      });
      try {
        const staged = await staging.one({ format: 'CSV', body: rows.csv });
        return { ...staged, declared: rows.declared };
      } finally {
        await rows.release();
      }
    }
    case 'S3': {
      if (!context.s3) throw new AppError('INVALID_STATE', 'Sources in S3 cannot be read here.');
      const listed = await openS3(source, context.s3, context);
      try {
        return await staging.objects(source.format, listed);
      } finally {
        listed.release();
      }
    }
    case 'UPLOAD': {
      if (!context.openUpload)
        throw new AppError('INVALID_STATE', 'Nothing was uploaded yet. Upload a file, then extract again.');
      return staging.one({ format: source.format, body: await context.openUpload() });
    }
  }
}

/** Writes files one after another, within the limits of one source. */
class Staging {
  private readonly meter: ByteMeter;
  private totalBytes?: number;
  private objectCounts?: { readonly done: number; readonly total: number };
  private reported = 0;

  constructor(
    readonly folder: string,
    private readonly options: ReadOptions,
    private readonly context: ExtractionContext,
  ) {
    this.meter = new ByteMeter(context.limits, () => {
      this.report();
    });
  }

  async one({ format, body, totalBytes }: Delivery): Promise<Staged> {
    this.totalBytes = totalBytes;
    const file = { path: join(this.folder, '0') };
    await this.write(body, file.path, format);
    return this.staged(format, [file], []);
  }

  async objects(format: FileFormat, { objects, leftOut, url, read }: S3Objects): Promise<Staged> {
    const isOne = objects.length === 1;
    const total = objects.length;
    this.totalBytes = objects.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.totalBytes > this.context.limits.maxBytes) throw tooLarge(this.context.limits.maxBytes);
    const files: StagedFile[] = [];
    for (const object of objects) {
      if (!isOne) this.objectCounts = { done: files.length, total };
      const file = { path: join(this.folder, String(files.length)), ...(!isOne && { name: url(object) }) };
      try {
        await this.write(read(object), file.path, format);
      } catch (error) {
        throw inNamedFile(error, file);
      }
      files.push(file);
    }
    return this.staged(format, files, isOne ? [] : [noteOn(total, leftOut)]);
  }

  private write(body: Readable, path: string, format: FileFormat): Promise<void> {
    const { signal } = this.context;
    return stageStream(body, { path, format, encoding: this.options.encoding, meter: this.meter, signal });
  }

  private staged(format: FileFormat, files: readonly StagedFile[], notes: readonly string[]): Staged {
    return { folder: this.folder, files, format, bytes: this.meter.read, notes };
  }

  private report(): void {
    const now = performance.now();
    if (now - this.reported < PROGRESS_INTERVAL_MS) return;
    this.reported = now;
    const { totalBytes, objectCounts: objects } = this;
    const { read: bytes } = this.meter;
    const fraction = totalBytes && bytes / totalBytes;
    this.context.onProgress?.({ phase: 'READING', bytes, totalBytes, fraction, objects });
  }
}

function noteOn(total: number, leftOut: number): string {
  const others = leftOut > 0 ? ` ${leftOut} hidden or empty ones were left out.` : '';
  return `Read from ${total} objects, in the order of their keys.${others}`;
}
