import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { toPublicError } from '../errors/public-error.js';
import { isRefusedByDatabase } from '../errors/refused-by-database.js';
import { HandlesJob, type JobContext, type JobHandler } from '../platform/queue/job-handler.js';
import { ObjectStore } from '../platform/storage/object-store.js';
import { snapshotKey } from './dataset-objects.js';
import type { DatasetVersion } from './dataset-version.entity.js';
import { extractJob } from './datasets.jobs.js';
import { DatasetsService } from './datasets.service.js';
import { extract, type Extraction } from './extraction/extract.js';
import type { ExtractionProgress } from './extraction/extraction-context.js';
import { DEFAULT_LIMITS } from './extraction/limits.js';
import { Extractions, type Lease } from './extractions.js';
import { describeProgress } from './extraction-progress.js';

/** How often progress is written and a wish to cancel is looked for. */
const REPORT_INTERVAL_MS = 500;
/** Workers that may die on one extraction before it is to blame. */
const MAX_ATTEMPTS = 3;
const STOPPED = 'The worker was stopped during this extraction. If it does not begin again by itself, start it again.';

/** Why the work on an extraction stops before its end. */
class Stopped extends Error {
  constructor(readonly reason: 'cancelled' | 'taken over') {
    super(`the extraction was ${reason}`);
  }
}

/** Runs extractions. It may be killed at any point: whoever takes the job up next begins again. */
@HandlesJob(extractJob)
export class ExtractionWorker implements JobHandler<{ versionId: string }> {
  private readonly logger = new Logger('Extraction');

  constructor(
    private readonly extractions: Extractions,
    private readonly datasets: DatasetsService,
    private readonly objects: ObjectStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async handle({ versionId }: { versionId: string }, context: JobContext): Promise<void> {
    const taken = await this.extractions.takeUp(versionId);
    if (!taken) return;
    const { version } = taken;
    if (version.attempts > MAX_ATTEMPTS) {
      const advice = 'Most likely memory ran out: take fewer columns, or give the worker more memory.';
      await this.extractions.fail(taken, `The worker ended ${MAX_ATTEMPTS} times during this extraction. ${advice}`);
    } else {
      await this.run(taken, version, context);
    }
    const { uploadKey } = await this.extractions.byId(versionId);
    if (version.uploadKey && uploadKey === null) await this.objects.delete(version.uploadKey);
  }

  private async run(lease: Lease, version: DatasetVersion, context: JobContext): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    // The name is the same for every attempt, so what a killed one left behind is found and removed.
    const folder = join(tmpdir(), `boucle-extraction-${version.id}`);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      const extraction = await this.extract(lease, version, folder, stop, signal);
      if (extraction) await this.store(lease, extraction, signal);
    } catch (error) {
      await this.afterError(lease, error, context);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Ends the extraction, or hands it back and throws, for the job to be tried again: only silent deaths count. */
  private async afterError(lease: Lease, error: unknown, { signal, isLastAttempt }: JobContext): Promise<void> {
    if (error instanceof Stopped) {
      if (error.reason === 'cancelled') await this.extractions.confirmCancelled(lease);
      return;
    }
    const reason = signal.aborted ? STOPPED : toPublicError(error).message;
    if (isLastAttempt || (!signal.aborted && isRefusedByDatabase(error))) return this.fail(lease, error, reason);
    await this.extractions.handBack(lease, `waiting for the next attempt. ${reason}`);
    throw error;
  }

  /** Undefined if the extraction failed, which ends it: the same data would fail again. */
  private async extract(
    lease: Lease,
    version: DatasetVersion,
    folder: string,
    stop: AbortController,
    signal: AbortSignal,
  ): Promise<Extraction | undefined> {
    const end = new AbortController();
    let progress: ExtractionProgress | undefined;
    const watching = this.watch(lease, () => progress, stop, end.signal);
    const { uploadKey } = version;
    try {
      const { source, options } = await this.datasets.specOf(version.sourceId);
      return await extract(source, options, {
        folder,
        signal,
        limits: {
          ...DEFAULT_LIMITS,
          maxBytes: this.config.SOURCE_MAX_BYTES,
          timeoutMs: this.config.SOURCE_TIMEOUT_SECONDS * 1000,
        },
        outbound: { allowList: this.config.SOURCE_ALLOW_LIST },
        s3: { settings: this.config, allowList: this.config.SOURCE_S3_ALLOW_LIST },
        memoryLimit: this.config.DUCKDB_MEMORY_LIMIT,
        onProgress: (next) => (progress = next),
        ...(uploadKey && { openUpload: () => this.objects.read(uploadKey, signal) }),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      await this.fail(lease, error);
      return undefined;
    } finally {
      end.abort();
      await watching;
    }
  }

  private async store(lease: Lease, extraction: Extraction, signal: AbortSignal): Promise<void> {
    const { sha256, rows, bytes, sourceBytes, columns, profile, firstRows, notes, engine } = extraction;
    const objectKey = snapshotKey(sha256);
    if ((await this.extractions.report(lease, { progress: 0.95, message: 'storing' })) === 'CANCELLING')
      throw new Stopped('cancelled');
    await this.extractions.claimObject(lease, objectKey);
    await this.objects.putFile(objectKey, extraction.path, signal);
    await this.extractions.complete(lease, sha256, {
      objectKey,
      rows,
      bytes,
      sourceBytes,
      engine,
      schema: columns,
      profile,
      firstRows,
      notes,
    });
    // Asked to stop in the last moment, it did not become READY.
    if ((await this.extractions.report(lease, {})) === 'CANCELLING') throw new Stopped('cancelled');
  }

  /** Writes progress and looks for a wish to cancel, until `end`. A database that is away for a moment stops nothing. */
  private async watch(
    lease: Lease,
    latest: () => ExtractionProgress | undefined,
    stop: AbortController,
    end: AbortSignal,
  ): Promise<void> {
    while (!stop.signal.aborted && (await goesOn(end))) {
      const progress = latest();
      try {
        const state = await this.extractions.report(lease, progress ? describeProgress(progress) : {});
        if (state === 'CANCELLING') stop.abort(new Stopped('cancelled'));
        else if (state !== 'RUNNING') stop.abort(new Stopped('taken over'));
      } catch (error) {
        this.logger.warn({ err: error, versionId: lease.versionId }, 'progress could not be written');
      }
    }
  }

  private async fail(lease: Lease, error: unknown, reason = toPublicError(error).message): Promise<void> {
    this.logger.warn({ err: error, versionId: lease.versionId }, 'the extraction failed');
    await this.extractions.fail(lease, reason);
  }
}

/** False once `end` is aborted, which it may be in the middle of the wait. */
async function goesOn(end: AbortSignal): Promise<boolean> {
  try {
    await delay(REPORT_INTERVAL_MS, undefined, { signal: end });
    return true;
  } catch {
    return false;
  }
}
