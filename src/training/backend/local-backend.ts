import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { writeArchive } from '../../models/artifact/archive.js';
import { MANIFEST_FILE, ONNX_FILE, REFERENCE_FILE } from '../../models/artifact/manifest.js';
import {
  DATA_FILE,
  EXIT_STOPPED,
  FAILURE_FILE,
  HYPERPARAMETERS_FILE,
  type Layout,
  layoutOf,
  SPEC_FILE,
} from '../container/layout.js';
import { hyperparametersFile } from '../container/order.js';
import { OutputTail } from './output-tail.js';
import { JobOutcome, JobStatus, TrainingBackend, TrainingJob } from './training-backend.js';

const PROGRAM = fileURLToPath(new URL('../../main.js', import.meta.url));
/** Folders of local trainings are named by run, so that what a killed worker left behind is found again. */
const FOLDER = 'boucle-training-';
/** Time that a stopped training gets to end by itself. */
const KILL_AFTER_MS = 5_000;

interface LocalJob {
  readonly layout: Layout;
  readonly child: ChildProcess;
  readonly output: OutputTail;
  readonly ended: Promise<void>;
  stop?: 'CANCELLED' | 'TIMED_OUT';
}

/** Runs trainings as child processes of this worker. They end with it: a run whose worker dies begins again. */
@Injectable()
export class LocalBackend extends TrainingBackend {
  override readonly name = 'LOCAL';
  private readonly jobs = new Map<string, LocalJob>();

  constructor(@Inject(CONFIG) private readonly config: Config) {
    super();
  }

  override async submit(job: TrainingJob, signal: AbortSignal): Promise<string> {
    await removeLeftovers(job.runId);
    const layout = layoutOf(await mkdtemp(join(tmpdir(), `${FOLDER}${job.runId}-`)));
    try {
      await fillFolder(layout, job, signal);
      signal.throwIfAborted();
    } catch (error) {
      await rm(layout.root, { recursive: true, force: true });
      throw error;
    }
    const child = this.start(layout);
    const output = new OutputTail();
    output.read(child.stdout!);
    output.read(child.stderr!);
    const ended = once(child, 'close').then(
      () => undefined,
      (error: unknown) => {
        output.add(String(error));
      },
    );
    this.jobs.set(layout.root, { layout, child, output, ended });
    return layout.root;
  }

  override async follow(jobName: string, signal: AbortSignal): Promise<JobOutcome> {
    const job = this.jobOf(jobName);
    const abandon = (): void => {
      job.child.kill('SIGKILL');
    };
    const timeout = setTimeout(() => {
      stop(job, 'TIMED_OUT');
    }, this.config.TRAINING_TIMEOUT_SECONDS * 1000);
    signal.addEventListener('abort', abandon, { once: true });
    if (signal.aborted) abandon();
    try {
      await job.ended;
      signal.throwIfAborted();
      return await this.outcomeOf(job);
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', abandon);
    }
  }

  override status(jobName: string): JobStatus {
    const { output } = this.jobOf(jobName);
    return { progress: output.progress, log: output.log };
  }

  override cancel(jobName: string): Promise<void> {
    stop(this.jobOf(jobName), 'CANCELLED');
    return Promise.resolve();
  }

  override async release(jobName: string): Promise<void> {
    const { child, ended, layout } = this.jobOf(jobName);
    child.kill('SIGKILL');
    await ended;
    this.jobs.delete(jobName);
    await rm(layout.root, { recursive: true, force: true });
  }

  private start(layout: Layout): ChildProcess {
    const { TRAINING_THREADS, DUCKDB_MEMORY_LIMIT } = this.config;
    const child = spawn(process.execPath, [PROGRAM, 'train', '--root', layout.root], {
      // Nothing of our own environment: a training needs no secret. The IPC channel tells it when we die.
      env: { DUCKDB_MEMORY_LIMIT, ...(TRAINING_THREADS && { TRAINING_THREADS: String(TRAINING_THREADS) }) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C in a terminal is meant for this process, which then decides what becomes of trainings.
      detached: true,
    });
    // Predictions come first where both share a machine.
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    return child;
  }

  private async outcomeOf({ layout, child, stop: stopped, output }: LocalJob): Promise<JobOutcome> {
    if (stopped === 'CANCELLED') return { kind: 'STOPPED' };
    if (stopped === 'TIMED_OUT') {
      const reason = `The training took longer than ${this.config.TRAINING_TIMEOUT_SECONDS} s and was stopped. Train on fewer rows or with smaller settings, or raise TRAINING_TIMEOUT_SECONDS.`;
      return { kind: 'FAILED', reason };
    }
    if (child.exitCode === 0) {
      const archive = join(layout.output, 'model.tar.gz');
      await writeArchive(layout.model, [ONNX_FILE, REFERENCE_FILE, MANIFEST_FILE], archive);
      return { kind: 'COMPLETED', archive };
    }
    if (isInterrupted(child)) {
      throw new AppError(
        'UPSTREAM_FAILED',
        'The training was stopped from outside, as at the shutdown of a machine. If it does not begin again by itself, start it again.',
      );
    }
    const failure = await readFile(join(layout.output, FAILURE_FILE), 'utf8').catch(() => undefined);
    return { kind: 'FAILED', reason: failure ?? suddenEnd(child, output) };
  }

  private jobOf(jobName: string): LocalJob {
    const job = this.jobs.get(jobName);
    if (!job) throw new Error(`no local training ${jobName} in this process`);
    return job;
  }
}

function stop(job: LocalJob, reason: 'CANCELLED' | 'TIMED_OUT'): void {
  if (job.stop) return;
  job.stop = reason;
  job.child.kill('SIGTERM');
  const timer = setTimeout(() => job.child.kill('SIGKILL'), KILL_AFTER_MS);
  void job.ended.then(() => {
    clearTimeout(timer);
  });
}

async function fillFolder(layout: Layout, { order, fetchData }: TrainingJob, signal: AbortSignal): Promise<void> {
  const folders = [layout.config, layout.training, layout.spec, layout.output];
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const hyperparameters = JSON.stringify(hyperparametersFile(order));
  await writeFile(join(layout.config, HYPERPARAMETERS_FILE), hyperparameters);
  await writeFile(join(layout.spec, SPEC_FILE), JSON.stringify(order.spec));
  await fetchData(join(layout.training, DATA_FILE), signal);
}

async function removeLeftovers(runId: string): Promise<void> {
  const left = (await readdir(tmpdir())).filter((folder) => folder.startsWith(`${FOLDER}${runId}-`));
  for (const folder of left) await rm(join(tmpdir(), folder), { recursive: true, force: true });
}

/** Somebody other than us told it to stop. */
function isInterrupted({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === EXIT_STOPPED || signalCode === 'SIGTERM' || signalCode === 'SIGINT';
}

function suddenEnd(child: ChildProcess, output: OutputTail): string {
  const lastLine = output.log.trim().split('\n').at(-1) ?? '';
  if (child.signalCode === 'SIGKILL') {
    return 'The training was killed, most likely because memory ran out. Train on fewer rows or features, or give the worker more memory.';
  }
  return `The training ended without a reason (${child.signalCode ?? `exit code ${child.exitCode ?? 'unknown'}`}). ${lastLine}`.trim();
}
