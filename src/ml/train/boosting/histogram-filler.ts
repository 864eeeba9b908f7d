import { Worker } from 'node:worker_threads';
import { type BinnedTable, fillColumn, type Histogram, type OrderedRows } from './histogram.js';

/** What a worker thread needs; everything large lies on SharedArrayBuffers. */
export interface FillerData {
  readonly kind: 'BOOSTING';
  readonly table: BinnedTable;
  readonly ordered: OrderedRows;
  /** See the places below. */
  readonly control: Int32Array;
  /** Histograms of all leaves that may be open at a time, one after the other. */
  readonly histograms: Float64Array;
}

/** Places in the control array: number of the task, first and last position, slot; columns taken and done; stop. */
const TASK = 0;
const START = 1;
const END = 2;
const SLOT = 3;
const TAKEN = 4;
const DONE = 5;
const CONTROL_LENGTH = 6;
/** Fewer rows than this are counted faster than other threads are woken. */
const SHARED_ROWS = 4096;
/** A column of a billion rows takes seconds; a thread that is silent for longer is gone. */
const WORKER_TIMEOUT_MS = 60_000;

/**
 * Counts histograms of nodes, column by column, with the help of worker threads. A column is always counted by one
 * thread in the order of its rows, so the sums do not depend on how many threads there are.
 */
export class HistogramFiller {
  readonly ordered: OrderedRows;
  private readonly data: FillerData;
  private readonly workers: readonly Worker[];
  private readonly free: number[];
  private readonly slots: Histogram[];

  /** @param slots histograms that may be in use at a time. @param threads the calling one included. */
  constructor(
    table: BinnedTable,
    rows: number,
    { slots, threads, workerUrl }: { slots: number; threads: number; workerUrl?: URL },
  ) {
    this.ordered = {
      rows: new Uint32Array(new SharedArrayBuffer(4 * rows)),
      gradient: new Float64Array(new SharedArrayBuffer(8 * rows)),
      hessian: new Float64Array(new SharedArrayBuffer(8 * rows)),
    };
    const length = table.offsets.at(-1)!;
    const histograms = new Float64Array(new SharedArrayBuffer(8 * length * slots));
    this.slots = Array.from({ length: slots }, (_, slot) => histograms.subarray(slot * length, (slot + 1) * length));
    this.free = [...this.slots.keys()];
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
    this.data = { kind: 'BOOSTING', table, ordered: this.ordered, control, histograms };
    const url = workerUrl ?? new URL('../worker.js', import.meta.url);
    const helpers = Math.min(threads, table.columns.length) - 1;
    this.workers = Array.from({ length: Math.max(helpers, 0) }, () => new Worker(url, { workerData: this.data }));
    for (const worker of this.workers) worker.on('error', (error) => (this.failure = error));
  }

  /** What broke a worker, if anything did; whoever yields to the event loop looks at it. */
  failure: Error | undefined;

  /** A histogram of the rows at positions [start, end). To be given back by {@link release}. */
  fill(start: number, end: number): Histogram {
    const slot = this.free.pop()!;
    const { control } = this.data;
    const shared = this.workers.length > 0 && end - start >= SHARED_ROWS;
    control[START] = start;
    control[END] = end;
    control[SLOT] = slot;
    Atomics.store(control, DONE, 0);
    Atomics.store(control, TAKEN, 0);
    if (shared) {
      Atomics.add(control, TASK, 1);
      Atomics.notify(control, TASK);
    }
    takeColumns(this.data);
    this.awaitOthers();
    return this.slots[slot]!;
  }

  release(histogram: Histogram): void {
    this.free.push(this.slots.indexOf(histogram));
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /** The others are within their last column by now. */
  private awaitOthers(): void {
    const { control, table } = this.data;
    for (;;) {
      const done = Atomics.load(control, DONE);
      if (done === table.columns.length) return;
      if (Atomics.wait(control, DONE, done, WORKER_TIMEOUT_MS) === 'timed-out') {
        throw new Error('A worker of the boosting stopped in the middle of its work; train again, with fewer threads.');
      }
    }
  }
}

/** A worker thread's whole life: waits for a task, counts columns until none is left. */
export function serveFiller(data: FillerData): never {
  const { control } = data;
  for (let seen = 0; ;) {
    Atomics.wait(control, TASK, seen);
    seen = Atomics.load(control, TASK);
    takeColumns(data);
  }
}

function takeColumns({ table, ordered, control, histograms }: FillerData): void {
  const length = table.offsets.at(-1)!;
  for (;;) {
    const column = Atomics.add(control, TAKEN, 1);
    if (column >= table.columns.length) return;
    const slot = control[SLOT]!;
    const histogram = histograms.subarray(slot * length, (slot + 1) * length);
    fillColumn(histogram, column, table, ordered, control[START]!, control[END]!);
    Atomics.add(control, DONE, 1);
    Atomics.notify(control, DONE);
  }
}
