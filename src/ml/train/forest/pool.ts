import { Worker } from 'node:worker_threads';
import { TrainingCancelled } from '../errors.js';
import { Heartbeat, type Progress, type Watch } from '../heartbeat.js';
import type { KeptTrees } from '../trees/kept-trees.js';
import type { Tree } from '../trees/tree.js';
import type { ForestData } from './data.js';
import { growTree } from './tree.js';

export interface PoolOptions {
  readonly trees: number;
  readonly threads: number;
  /** Compiled `train/worker.ts`; by default the file in the folder above. */
  readonly workerUrl?: URL;
  readonly keptTrees?: KeptTrees;
  readonly watch: Watch;
}

/**
 * Grows all trees, on the calling thread or on workers; their order and content don't depend on which.
 * @throws TrainingCancelled, after all workers have stopped.
 */
export async function growForest(data: ForestData, options: PoolOptions): Promise<Tree[]> {
  const grown: Tree[] = [];
  options.keptTrees?.kept.forEach((tree, index) => (grown[index] = tree));
  const missing = Array.from({ length: options.trees }, (_, index) => index).filter((index) => !grown[index]);
  if (options.threads > 1 && missing.length > 1) await growOnWorkers(data, grown, missing, options);
  else await growHere(data, grown, missing, options);
  return grown;
}

async function growHere(
  data: ForestData,
  grown: Tree[],
  missing: readonly number[],
  { trees, keptTrees, watch }: PoolOptions,
): Promise<void> {
  const heartbeat = new Heartbeat(watch);
  let done = trees - missing.length;
  for (const index of missing) {
    const tree = growTree(data, index);
    grown[index] = tree;
    keptTrees?.keep(index, tree);
    await heartbeat.report(progressOf(++done, trees));
  }
}

async function growOnWorkers(
  data: ForestData,
  grown: Tree[],
  missing: readonly number[],
  options: PoolOptions,
): Promise<void> {
  const { threads, workerUrl, watch } = options;
  const url = workerUrl ?? new URL('../worker.js', import.meta.url);
  const workers = Array.from(
    { length: Math.min(threads, missing.length) },
    () => new Worker(url, { workerData: data }),
  );
  const stop = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const cancel = (): void => {
        reject(new TrainingCancelled());
      };
      watch.signal?.addEventListener('abort', cancel, { signal: stop.signal });
      handOut(workers, grown, missing, options, resolve, reject);
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
  grown: Tree[],
  missing: readonly number[],
  { trees, keptTrees, watch }: PoolOptions,
  resolve: () => void,
  reject: (reason: Error) => void,
): void {
  let started = 0;
  let done = trees - missing.length;
  for (const worker of workers) {
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(
        new Error(`A forest worker ended early with code ${code}; train again, with fewer threads if memory is short.`),
      );
    });
    worker.on('message', ({ index, tree }: { index: number; tree: Tree }) => {
      grown[index] = tree;
      keptTrees?.keep(index, tree);
      done++;
      watch.onProgress?.(progressOf(done, trees));
      if (started < missing.length) worker.postMessage(missing[started++]);
      if (done === trees) resolve();
    });
    worker.postMessage(missing[started++]);
  }
}

function progressOf(done: number, total: number): Progress {
  return { done, total, message: `tree ${done} of ${total}` };
}
