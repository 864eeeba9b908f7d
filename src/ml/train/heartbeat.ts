import { TrainingCancelled } from './errors.js';

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** For people: 'tree 37 of 100'. */
  readonly message: string;
  /** Training loss so far, where the algorithm computes one: mean log loss or mean squared error. */
  readonly loss?: number;
}

export interface Watch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Longest time in milliseconds between two looks at the event loop, where an abort arrives. */
const INTERVAL = 50;

/** Lets long computations report progress and stop when they are told to. */
export class Heartbeat {
  private last = performance.now();

  constructor(private readonly watch: Watch) {}

  /**
   * To be called within long loops; costs next to nothing unless INTERVAL has passed.
   * @throws TrainingCancelled once the signal is aborted.
   */
  async beat(): Promise<void> {
    if (performance.now() - this.last > INTERVAL) {
      await new Promise((resolve) => setImmediate(resolve));
      this.last = performance.now();
    }
    if (this.watch.signal?.aborted === true) throw new TrainingCancelled();
  }

  async report(progress: Progress): Promise<void> {
    this.watch.onProgress?.(progress);
    await this.beat();
  }
}
