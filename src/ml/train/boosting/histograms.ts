import type { Crew } from './crew.js';
import type { SharedState } from './shared-state.js';

/** A histogram in the shared memory: entries (see entry.ts) bin by bin, column by column. */
export interface Histogram {
  readonly words: Int32Array;
  readonly slot: number;
}

/** The histograms of a tree's open leaves, in a fixed number of places. */
export class Histograms {
  private readonly free: number[];

  constructor(
    private readonly state: SharedState,
    private readonly crew: Crew,
  ) {
    this.free = Array.from({ length: state.slots }, (_, slot) => slot);
  }

  /** How many more can be had. */
  get available(): number {
    return this.free.length;
  }

  /** Sums up the rows at positions [start, end). To be given back by {@link release}. */
  count(start: number, end: number): Histogram {
    const slot = this.free.pop();
    if (slot === undefined) throw new Error('All histograms are in use.');
    const { histograms, filledBy } = this.crew.runner.views;
    const words = histograms[slot]!;
    const { kernels } = this.crew.runner;
    kernels.clear(words.byteOffset, words.byteLength);
    const task = this.crew.run('FILL', start, end, slot);
    filledBy.forEach((filled, thread) => {
      if (thread === 0 || filled !== task) return;
      kernels.add(words.byteOffset, histograms[this.state.slots + thread - 1]!.byteOffset, words.byteLength);
    });
    return { words, slot };
  }

  /** Turns the histogram of a parent into that of the child that `sibling` is not: half of all rows need no visit. */
  subtract(parent: Histogram, sibling: Histogram): void {
    const { words } = parent;
    this.crew.runner.kernels.subtract(words.byteOffset, sibling.words.byteOffset, words.byteLength);
  }

  release({ slot }: Histogram): void {
    this.free.push(slot);
  }
}
