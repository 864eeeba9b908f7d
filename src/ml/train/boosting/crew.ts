import { Worker } from 'node:worker_threads';
import { chunkCount, chunkOf } from './chunks.js';
import { type SharedState, viewsOf } from './shared-state.js';
import { type Task, TASKS, TaskRunner } from './tasks.js';

/** What a worker thread gets at its start. */
export interface CrewData {
  readonly kind: 'BOOSTING';
  readonly state: SharedState;
  /** From 1; the calling thread is 0. */
  readonly thread: number;
}

/** Places in the control array. */
const GENERATION = 0;
const KIND = 1;
const START = 2;
const END = 3;
const ARGUMENT = 4;
const CHUNKS = 5;
/** Generation of the task in the upper 16 bits, chunks taken in the lower ones. */
const TAKEN = 6;
const DONE = 7;
const WAKE = 8;

/** Turns of looking for work before a thread sleeps: waking it costs as much as a small task. */
const SPINS = 2000;
/** A chunk takes milliseconds; a thread that is silent for longer is gone. */
const WORKER_TIMEOUT_MS = 60_000;

/**
 * Threads that share out the rows of one task after the other. The calling thread works as well and waits for those
 * chunks only that others have begun, so a thread that sleeps or starts up holds nobody back. What a task computes must
 * not depend on who takes which chunk.
 */
export class Crew {
  readonly runner: TaskRunner;
  /** What broke a worker, if anything did; whoever yields to the event loop looks at it. */
  failure: Error | undefined;
  private readonly control: Int32Array;
  private readonly workers: readonly Worker[];

  /** @param workerUrl compiled `train/worker.ts`; by default the file in the folder above. */
  constructor(state: SharedState, workerUrl = new URL('../worker.js', import.meta.url)) {
    this.control = viewsOf(state).control;
    this.runner = new TaskRunner(state, 0);
    this.workers = Array.from({ length: state.shape.threads - 1 }, (_, helper) => {
      const workerData: CrewData = { kind: 'BOOSTING', state, thread: helper + 1 };
      return new Worker(workerUrl, { workerData });
    });
    for (const worker of this.workers) worker.on('error', (error) => (this.failure = error));
  }

  /** Runs a task on positions [start, end), of which there is at least one. @returns its number when it is done. */
  run(task: Task, start: number, end: number, argument = 0): number {
    const chunks = chunkCount(start, end);
    const { control } = this;
    // The generation changes before the task and TAKEN after it: see `work`.
    const generation = Atomics.add(control, GENERATION, 1) + 1;
    Atomics.store(control, KIND, TASKS.indexOf(task));
    Atomics.store(control, START, start);
    Atomics.store(control, END, end);
    Atomics.store(control, ARGUMENT, argument);
    Atomics.store(control, CHUNKS, chunks);
    Atomics.store(control, DONE, 0);
    Atomics.store(control, TAKEN, generation << 16);
    if (chunks > 1 && this.workers.length > 0) {
      Atomics.add(control, WAKE, 1);
      Atomics.notify(control, WAKE);
    }
    work(control, this.runner);
    this.awaitOthers(chunks);
    return generation;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /** The others are within their last chunk by now. */
  private awaitOthers(chunks: number): void {
    const { control } = this;
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(control, DONE);
      if (done === chunks) return;
      if (spins > SPINS && Atomics.wait(control, DONE, done, WORKER_TIMEOUT_MS) === 'timed-out') {
        throw new Error('A worker of the boosting stopped in the middle of its work; train again, with fewer threads.');
      }
    }
  }
}

/** A worker thread's whole life: waits for a task, takes chunks until none is left. */
export function serveCrew({ state, thread }: CrewData): never {
  const { control } = viewsOf(state);
  const runner = new TaskRunner(state, thread);
  for (let seen = 0; ;) {
    for (let spins = 0; spins < SPINS && Atomics.load(control, WAKE) === seen; spins++);
    Atomics.wait(control, WAKE, seen);
    seen = Atomics.load(control, WAKE);
    work(control, runner);
  }
}

/**
 * Takes chunks of the present task. A thread that was late may hold a number of a task that is over, while the next one
 * is being written: what it read counts only if the generation was still its own afterwards.
 */
function work(control: Int32Array, runner: TaskRunner): void {
  for (;;) {
    const taken = Atomics.add(control, TAKEN, 1);
    const task = TASKS[Atomics.load(control, KIND)]!;
    const start = Atomics.load(control, START);
    const end = Atomics.load(control, END);
    const argument = Atomics.load(control, ARGUMENT);
    const chunks = Atomics.load(control, CHUNKS);
    const index = taken & 0xffff;
    const generation = Atomics.load(control, GENERATION);
    if (taken >>> 16 !== (generation & 0xffff) || index >= chunks) return;
    runner.run(task, chunkOf(start, end, index), argument, generation);
    Atomics.add(control, DONE, 1);
    Atomics.notify(control, DONE);
  }
}
