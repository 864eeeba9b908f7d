import type { Chunk } from './chunks.js';
import { type BoostingKernels, boostingKernels } from './kernels.js';
import { type Objective, objectiveOf } from './objective.js';
import { type SharedState, type Views, viewsOf } from './shared-state.js';

/**
 * PREPARE: what softmax needs before derivatives of rows. DERIVE: those, by output `argument`. FILL: the histogram
 * `argument` of ordered rows. PARTITION: each chunk's left rows to its beginning, right ones to its part of `spare`, by
 * column `argument`. APPLY: scores of leaves to rows, by output `argument`.
 */
export const TASKS = ['PREPARE', 'DERIVE', 'FILL', 'PARTITION', 'APPLY'] as const;
export type Task = (typeof TASKS)[number];

/** One thread's hands: its kernels, its views, and a histogram of its own. */
export class TaskRunner {
  readonly views: Views;
  readonly objective: Objective;
  readonly kernels: BoostingKernels;

  /** @param thread 0 is the calling one, whose histogram is the task's result. */
  constructor(
    private readonly state: SharedState,
    private readonly thread: number,
  ) {
    this.views = viewsOf(state);
    this.kernels = boostingKernels(state.kernels, state.memory);
    this.objective = objectiveOf(state.shape, this.views);
  }

  /** @param generation number of the task that the chunk belongs to. */
  run(task: Task, chunk: Chunk, argument: number, generation: number): void {
    if (task === 'FILL') this.fill(chunk, argument, generation);
    else if (task === 'PARTITION') this.partition(chunk, argument);
    else if (task === 'APPLY') this.apply(chunk, argument);
    else if (task === 'DERIVE') this.kernels.derive(chunk.from, chunk.to, argument);
    else this.objective.prepare(chunk.from, chunk.to);
  }

  private fill({ from, to }: Chunk, slot: number, generation: number): void {
    const { places, slots } = this.state;
    const { histograms, filledBy } = this.views;
    const histogram = histograms[this.thread === 0 ? slot : slots + this.thread - 1]!;
    if (this.thread > 0 && filledBy[this.thread] !== generation) {
      this.kernels.clear(histogram.byteOffset, histogram.byteLength);
      filledBy[this.thread] = generation;
    }
    this.kernels.fill(places.order + 4 * from, to - from, histogram.byteOffset);
  }

  private partition({ index, from, to }: Chunk, column: number): void {
    const { order, spare, columns, goesLeft } = this.state.places;
    const codes = columns + column * this.state.shape.rows;
    const lefts = this.kernels.partition(order + 4 * from, to - from, codes, goesLeft, spare + 4 * from);
    this.views.lefts[index] = lefts;
  }

  private apply({ from, to }: Chunk, output: number): void {
    const { order, leafStarts, leafValues } = this.views;
    const scores = this.views.scores[output]!;
    let leaf = 0;
    while (leafStarts[leaf + 1]! <= from) leaf++;
    for (let position = from; position < to; leaf++) {
      const value = leafValues[leaf]!;
      const end = Math.min(leafStarts[leaf + 1]!, to);
      for (; position < end; position++) scores[order[position]!]! += value;
    }
  }
}
