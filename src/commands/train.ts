import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config/config.js';
import { AppError } from '../errors/app-error.js';
import { HyperparameterError, TrainingDataError } from '../ml/train/errors.js';
import { EXIT_STOPPED, FAILURE_FILE, FAILURE_LENGTH, layoutOf } from '../training/container/layout.js';
import { runContainer } from '../training/container/run-container.js';

/**
 * Trains one model on the container layout under `root`.
 * @returns the exit code: 0 with a complete model folder, 143 after a stop by signal, otherwise 1 with the reason in
 *   `output/failure`.
 */
export async function train(root: string): Promise<number> {
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
    await runContainer(layout, {
      threads: config.TRAINING_THREADS ?? availableParallelism(),
      memoryLimit: config.DUCKDB_MEMORY_LIMIT,
      signal: stop.signal,
      print: (line) => process.stdout.write(`${line}\n`),
    });
    return 0;
  } catch (error) {
    const reason = stop.signal.aborted ? 'The training was stopped.' : reasonOf(error);
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

function reasonOf(error: unknown): string {
  const isExplained =
    error instanceof AppError || error instanceof TrainingDataError || error instanceof HyperparameterError;
  if (isExplained) {
    if (error.cause instanceof Error) process.stderr.write(`${error.cause.message}\n`);
    return error.message;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return `The training failed unexpectedly: ${error instanceof Error ? error.message : String(error)}`;
}
