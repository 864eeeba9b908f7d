import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/config.js';
import { AppError } from '../../errors/app-error.js';
import { EXIT_STOPPED, FAILURE_FILE, type Layout } from '../container/layout.js';
import { OutputTail } from './output-tail.js';

const PROGRAM = fileURLToPath(new URL('../../main.js', import.meta.url));
/** Time that a stopped process gets to end by itself. */
const KILL_AFTER_MS = 5_000;

export type ProcessEnd =
  | { readonly kind: 'COMPLETED' }
  | { readonly kind: 'STOPPED' }
  /** `isSudden`: it did not say why, as when memory runs out. */
  | { readonly kind: 'FAILED'; readonly reason: string; readonly isSudden: boolean };

/** A command on a container layout as a child of this process. It ends with it. */
export class LayoutProcess<Command extends 'train' | 'search' | 'divide'> {
  readonly output = new OutputTail();
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private stopped?: 'CANCELLED' | 'TIMED_OUT';

  constructor(
    readonly command: Command,
    readonly layout: Layout,
    private readonly config: Config,
  ) {
    this.child = start(command, layout, config);
    this.output.read(this.child.stdout!);
    this.output.read(this.child.stderr!);
    this.ended = once(this.child, 'close').then(
      () => undefined,
      (error: unknown) => {
        this.output.add(String(error));
      },
    );
  }

  /**
   * Waits for its end. When `signal` is aborted the process is killed, and the promise rejects with the signal's reason.
   * @throws AppError UPSTREAM_FAILED if somebody else stopped it.
   */
  async follow(signal: AbortSignal): Promise<ProcessEnd> {
    const abandon = (): void => {
      this.child.kill('SIGKILL');
    };
    const timeout = setTimeout(() => {
      this.stop('TIMED_OUT');
    }, this.config.TRAINING_TIMEOUT_SECONDS * 1000);
    signal.addEventListener('abort', abandon, { once: true });
    if (signal.aborted) abandon();
    try {
      await this.ended;
      signal.throwIfAborted();
      return await this.endOf();
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', abandon);
    }
  }

  stop(reason: 'CANCELLED' | 'TIMED_OUT'): void {
    if (this.stopped) return;
    this.stopped = reason;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), KILL_AFTER_MS);
    void this.ended.then(() => {
      clearTimeout(timer);
    });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private async endOf(): Promise<ProcessEnd> {
    const { child, layout } = this;
    if (this.stopped === 'CANCELLED') return { kind: 'STOPPED' };
    if (this.stopped === 'TIMED_OUT') {
      const reason = `The training took longer than ${this.config.TRAINING_TIMEOUT_SECONDS} s and was stopped. Train on fewer rows or with smaller settings, or raise TRAINING_TIMEOUT_SECONDS.`;
      return { kind: 'FAILED', reason, isSudden: false };
    }
    if (child.exitCode === 0) return { kind: 'COMPLETED' };
    if (isInterrupted(child)) {
      throw new AppError(
        'UPSTREAM_FAILED',
        'The training was stopped from outside, as at the shutdown of a machine. If it does not begin again by itself, start it again.',
      );
    }
    const failure = await readFile(join(layout.output, FAILURE_FILE), 'utf8').catch(() => undefined);
    if (failure !== undefined) return { kind: 'FAILED', reason: failure, isSudden: false };
    return { kind: 'FAILED', reason: suddenEnd(child, this.output), isSudden: true };
  }
}

function start(command: string, layout: Layout, { TRAINING_THREADS, DUCKDB_MEMORY_LIMIT }: Config): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, command, '--root', layout.root], {
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
