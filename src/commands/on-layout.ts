import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config/config.js';
import { failureReason } from '../training/container/failure-reason.js';
import { EXIT_STOPPED, FAILURE_FILE, FAILURE_LENGTH, type Layout, layoutOf } from '../training/container/layout.js';
import type { ContainerOptions } from '../training/container/run-container.js';

/**
 * Does work on the container layout under `root`.
 * @returns the exit code: 0 when it is done, 143 after a stop by signal, otherwise 1 with the reason in `output/failure`.
 */
export async function onLayout(
  root: string,
  work: (layout: Layout, options: ContainerOptions) => Promise<void>,
): Promise<number> {
  const layout = layoutOf(resolve(root));
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  process.once('disconnect', dieWithParent);
  process.stdout.on('error', ignoreClosedPipe);
  await mkdir(layout.output, { recursive: true });
  await rm(join(layout.output, FAILURE_FILE), { force: true });
  try {
    const config = loadConfig(process.env);
    await work(layout, {
      threads: config.TRAINING_THREADS ?? availableParallelism(),
      memoryLimit: config.DUCKDB_MEMORY_LIMIT,
      // The platform's word for: this is a job of mine.
      keepsCheckpoints: process.env['TRAINING_JOB_NAME'] !== undefined,
      signal: stop.signal,
      print: (line) => process.stdout.write(`${line}\n`),
    });
    return 0;
  } catch (error) {
    const reason = stop.signal.aborted ? 'The training was stopped.' : failureReason(error);
    await writeFile(join(layout.output, FAILURE_FILE), reason.slice(0, FAILURE_LENGTH));
    process.stderr.write(`${reason}\n`);
    return stop.signal.aborted ? EXIT_STOPPED : 1;
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal).off('disconnect', dieWithParent);
    if (process.connected) process.disconnect();
  }
}

/** A worker that was killed can't stop its children: the channel to it closes, and we end by ourselves. */
function dieWithParent(): void {
  process.exit(EXIT_STOPPED);
}

/** Nobody reads our progress any more. What counts are the files. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
