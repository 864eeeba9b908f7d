import { Worker } from 'node:worker_threads';
import { TrainingCancelled } from '../errors.js';
import { Heartbeat, type Progress, type Watch } from '../heartbeat.js';
import type { Tree } from '../trees/tree.js';
import type { ForestData } from './data.js';
import { growTree } from './tree.js';

export interface PoolOptions {
  readonly trees: number;
  readonly threads: number;
  /** Compiled `train/worker.ts`; by default the file in the folder above. */
  readonly workerUrl?: URL;
  readonly watch: Watch;
}

/**
 * Grows all trees, on the calling thread or on workers; their order and content don't depend on which.
 * @throws TrainingCancelled, after all workers have stopped.
 */
export async function growForest(data: ForestData, options: PoolOptions): Promise<Tree[]> {
  return options.threads > 1 && options.trees > 1 ? growOnWorkers(data, options) : growHere(data, options);
}

async function growHere(data: ForestData, { trees, watch }: PoolOptions): Promise<Tree[]> {
  const heartbeat = new Heartbeat(watch);
  const grown: Tree[] = [];
  while (grown.length < trees) {
    grown.push(growTree(data, grown.length));
    await heartbeat.report(progressOf(grown.length, trees));
  }
  return grown;
}

async function growOnWorkers(data: ForestData, options: PoolOptions): Promise<Tree[]> {
  const { trees, threads, workerUrl, watch } = options;
  const url = workerUrl ?? new URL('../worker.js', import.meta.url);
  const workers = Array.from({ length: Math.min(threads, trees) }, () => new Worker(url, { workerData: data }));
  const stop = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      const cancel = (): void => {
        reject(new TrainingCancelled());
      };
      watch.signal?.addEventListener('abort', cancel, { signal: stop.signal });
      handOut(workers, trees, watch, resolve, reject);
    });
  } finally {
    stop.abort();
    // The workers run nothing but JavaScript, so they may be stopped anywhere.
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Gives every worker a tree, and the next one whenever it delivers, until all are grown. */
function handOut(
  workers: readonly Worker[],
  trees: number,
  watch: Watch,
  resolve: (grown: Tree[]) => void,
  reject: (reason: Error) => void,
): void {
  const grown: Tree[] = [];
  let started = 0;
  let done = 0;
  for (const worker of workers) {
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(
        new Error(`A forest worker ended early with code ${code}; train again, with fewer threads if memory is short.`),
      );
    });
    worker.on('message', ({ index, tree }: { index: number; tree: Tree }) => {
      grown[index] = tree;
      done++;
      watch.onProgress?.(progressOf(done, trees));
      if (started < trees) worker.postMessage(started++);
      if (done === trees) resolve(grown);
    });
    worker.postMessage(started++);
  }
}

function progressOf(done: number, total: number): Progress {
  return { done, total, message: `tree ${done} of ${total}` };
}
