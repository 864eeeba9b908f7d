import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { DuckDbSession, JsonRow } from '../../platform/duckdb/duckdb-session.js';
import { describeConversionError, describeShortage } from './conversion-errors.js';
import { firstRows } from './first-rows.js';
import type { ExtractionContext, ExtractionProgress } from './extraction-context.js';
import { ColumnProfile, profileParquet } from './profile.js';
import { openRelation } from './readers.js';
import { Snapshot, writeSnapshot } from './snapshot.js';
import { ReadOptions, SourceSpec } from './source-spec.js';
import { stageSource } from './stage-source.js';
import { fileIn, inNamedFile, type Staged } from './staged-files.js';

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
  const staged = await stageSource(source, options, context);
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
    await rm(staged.folder, { recursive: true });
    phase = 'PROFILING';
    report(phase);
    const work = [profileParquet(session, path, snapshot.rows, snapshot.columns, run), sha256Of(path, signal)] as const;
    // Both must have ended before the session may be closed, also when one of them fails.
    await Promise.allSettled(work);
    const [profile, sha256] = await Promise.all(work);
    const { size } = await stat(path);
    const sample = await firstRows(session, path, snapshot.columns, run);
    const engine = await engineOf(session);
    const notes = [...staged.notes, ...snapshot.notes];
    const written = { path, bytes: size, sha256, sourceBytes: staged.bytes };
    return { ...snapshot, ...written, notes, profile, firstRows: sample, engine };
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
    throw inNamedFile(describeConversionError(error, options), fileIn(error, staged.files));
  }
}

/** Rows of a database come as our own CSV, whatever the options say of files. */
function readOptionsFor(source: SourceSpec, options: ReadOptions): ReadOptions {
  if (source.kind !== 'POSTGRES') return options;
  return { ...options, header: true, names: undefined, delimiter: ',', decimalComma: false, encoding: 'UTF8' };
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
