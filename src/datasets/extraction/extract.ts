import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { DuckDbSession, JsonRow } from '../../platform/duckdb/duckdb-session.js';
import { OutboundPolicy } from '../../platform/http/outbound-policy.js';
import { describeTransferError, openRemote } from '../../platform/http/outbound-request.js';
import { ColumnType } from './column-types.js';
import { describeConversionError, describeShortage } from './conversion-errors.js';
import { firstRows } from './first-rows.js';
import { ExtractionLimits } from './limits.js';
import { openPostgres } from './postgres-source.js';
import { ColumnProfile, profileParquet } from './profile.js';
import { openRelation } from './readers.js';
import { openS3, type S3Access } from './s3-source.js';
import { Snapshot, writeSnapshot } from './snapshot.js';
import { FileFormat, ReadOptions, SourceSpec } from './source-spec.js';
import { stageStream, tooLarge } from './staging.js';

export interface ExtractionProgress {
  readonly phase: 'READING' | 'CONVERTING' | 'PROFILING';
  /** Bytes read from the source so far, and in all if the source announced it. */
  readonly bytes: number;
  readonly totalBytes?: number;
  /** Share of the phase that is done, 0 to 1, where it is known. */
  readonly fraction?: number;
}

export interface ExtractionContext {
  /** An empty folder of this extraction's own; the caller removes it. */
  readonly folder: string;
  readonly limits: ExtractionLimits;
  readonly outbound: OutboundPolicy;
  readonly memoryLimit: string;
  readonly threads?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ExtractionProgress) => void;
  /** Needed for sources of the kind S3. */
  readonly s3?: S3Access;
  /** Opens what was uploaded; needed for sources of the kind UPLOAD. */
  readonly openUpload?: () => Promise<Readable>;
}

export interface Extraction extends Snapshot {
  /** The Parquet file, inside the folder of the context. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly profile: readonly ColumnProfile[];
  readonly firstRows: readonly JsonRow[];
  /** What wrote the file, such as `DuckDB v1.5.6`. */
  readonly engine: string;
  readonly sourceBytes: number;
}

interface Staged {
  readonly path: string;
  readonly format: FileFormat;
  readonly bytes: number;
  readonly declared?: ReadonlyMap<string, ColumnType>;
}

const PROGRESS_INTERVAL_MS = 500;
const HASH_CHUNK_BYTES = 2 ** 20;

/**
 * Reads a source into a Parquet snapshot with a profile. Memory stays bounded whatever the size: bytes stream to a
 * file, and DuckDB converts the file within its memory limit on its own threads.
 * @throws AppError saying what is wrong and what to do; the reason of `signal` if that was aborted.
 */
export async function extract(
  source: SourceSpec,
  options: ReadOptions,
  context: ExtractionContext,
): Promise<Extraction> {
  const deadline = AbortSignal.timeout(context.limits.timeoutMs);
  const signal = AbortSignal.any([context.signal, deadline]);
  try {
    return await extractWithin(source, readOptionsFor(source, options), { ...context, signal });
  } catch (error) {
    context.signal.throwIfAborted();
    if (deadline.aborted) throw outOfTime(context.limits.timeoutMs);
    throw describeShortage(error);
  }
}

async function extractWithin(
  source: SourceSpec,
  options: ReadOptions,
  context: ExtractionContext,
): Promise<Extraction> {
  const { folder, signal, onProgress } = context;
  const staged = await stage(source, options, context);
  const path = join(folder, 'snapshot.parquet');
  const { memoryLimit, threads, limits } = context;
  const session = await DuckDbSession.open({ folder, memoryLimit, threads, spillBytes: limits.maxBytes });
  const report = (phase: ExtractionProgress['phase']) =>
    onProgress?.({ phase, bytes: staged.bytes, fraction: session.progress() });
  let phase: ExtractionProgress['phase'] = 'CONVERTING';
  const ticker = setInterval(() => report(phase), PROGRESS_INTERVAL_MS);
  try {
    const run = { signal };
    report(phase);
    const snapshot = await convert(session, staged, path, options, context);
    await rm(staged.path);
    phase = 'PROFILING';
    report(phase);
    const work = [profileParquet(session, path, snapshot.rows, snapshot.columns, run), sha256Of(path, signal)] as const;
    // Both must have ended before the session may be closed, also when one of them fails.
    await Promise.allSettled(work);
    const [profile, sha256] = await Promise.all(work);
    const { size } = await stat(path);
    const sample = await firstRows(session, path, snapshot.columns, run);
    const engine = await engineOf(session);
    return { ...snapshot, path, bytes: size, sha256, profile, firstRows: sample, engine, sourceBytes: staged.bytes };
  } finally {
    clearInterval(ticker);
    session.close();
  }
}

async function convert(
  session: DuckDbSession,
  staged: Staged,
  target: string,
  options: ReadOptions,
  { limits, signal }: ExtractionContext,
): Promise<Snapshot> {
  const run = { signal };
  try {
    const relation = await openRelation(session, staged, options, limits, run);
    return await writeSnapshot(relation, { session, options, limits, target, run });
  } catch (error) {
    signal.throwIfAborted();
    throw describeConversionError(error, options);
  }
}

/** Rows of a database come as our own CSV, whatever the options say of files. */
function readOptionsFor(source: SourceSpec, options: ReadOptions): ReadOptions {
  if (source.kind !== 'POSTGRES') return options;
  return { ...options, header: true, names: undefined, delimiter: ',', decimalComma: false, encoding: 'UTF8' };
}

async function stage(source: SourceSpec, options: ReadOptions, context: ExtractionContext): Promise<Staged> {
  const path = join(context.folder, 'source');
  switch (source.kind) {
    case 'HTTP': {
      const remote = await openRemote(source.url, { policy: context.outbound, signal: context.signal });
      try {
        const bytes = await stageBody(remote.body, source.format, path, options, context, remote.totalBytes);
        return { path, format: source.format, bytes };
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
        const bytes = await stageBody(rows.csv, 'CSV', path, options, context);
        return { path, format: 'CSV', bytes, declared: rows.declared };
      } finally {
        await rows.release();
      }
    }
    case 'S3': {
      if (!context.s3) throw new AppError('INVALID_STATE', 'Sources in S3 cannot be read here.');
      const { body, totalBytes, release } = await openS3(source.url, context.s3, context.signal);
      try {
        if (totalBytes > context.limits.maxBytes) throw tooLarge(context.limits.maxBytes);
        const bytes = await stageBody(body, source.format, path, options, context, totalBytes);
        return { path, format: source.format, bytes };
      } finally {
        release();
      }
    }
    case 'UPLOAD': {
      if (!context.openUpload)
        throw new AppError('INVALID_STATE', 'Nothing was uploaded yet. Upload a file, then extract again.');
      const bytes = await stageBody(await context.openUpload(), source.format, path, options, context);
      return { path, format: source.format, bytes };
    }
  }
}

function stageBody(
  body: Readable,
  format: FileFormat,
  path: string,
  options: ReadOptions,
  context: ExtractionContext,
  totalBytes?: number,
): Promise<number> {
  let reported = 0;
  const onBytes = (bytes: number) => {
    const now = performance.now();
    if (now - reported < PROGRESS_INTERVAL_MS) return;
    reported = now;
    context.onProgress?.({ phase: 'READING', bytes, totalBytes, ...(totalBytes && { fraction: bytes / totalBytes }) });
  };
  const { limits, signal } = context;
  return stageStream(body, { path, format, encoding: options.encoding, limits, signal, onBytes });
}

async function engineOf(session: DuckDbSession): Promise<string> {
  const [row] = await session.rows('SELECT version() AS version');
  return `DuckDB ${String(row?.['version'])}`;
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: HASH_CHUNK_BYTES }), hash, { signal });
  return hash.digest('hex');
}

function outOfTime(timeoutMs: number): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `The extraction took longer than ${Math.round(timeoutMs / 1000)} s. Take less data, or ask an administrator to raise SOURCE_TIMEOUT_SECONDS.`,
  );
}
