import { BLOCK } from './dense-rows.js';
import type { Design } from './design.js';

/** Rows of a design that are worked on at a time: every step-th one from `first` on, at most BLOCK. */
export interface RowBlock {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}

/** Blocks of all rows, or of every step-th one; where rows are left out, their number in a block is a multiple of 4. */
export function blocksOf({ rows }: Design, step = 1): RowBlock[] {
  const taken = step === 1 ? rows : 4 * Math.floor(rows / step / 4);
  return Array.from({ length: Math.ceil(taken / BLOCK) }, (_, block) => ({
    first: block * BLOCK * step,
    count: Math.min(BLOCK, taken - block * BLOCK),
    step,
  }));
}

/** x · w for the rows of a block, into `design.dense.scores`. */
export function scoreBlock(design: Design, block: RowBlock, w: Float64Array): void {
  const { dense, numbers, active, factors } = design;
  const { first, count, step } = block;
  dense.weights.set(w.subarray(0, numbers + 1));
  dense.score(first, count, step);
  if (factors === 0) return;
  for (let i = 0; i < count; i++) {
    const start = (first + i * step) * factors;
    let sum = 0;
    for (let j = start; j < start + factors; j++) if (active[j]! >= 0) sum += w[active[j]!]!;
    dense.scores[i]! += sum;
  }
}

/** Σ x_i·xᵢᵀ and Σ xᵢ over rows, each with factors of its own: to be filled block by block, and read in the end. */
export class RowSums {
  /** Σ factor · x over the indicator columns; the dense ones are in `design.dense.sum`. */
  private readonly gradient: Float64Array;
  /** Lower triangle [width, width] without the dense part, which is in `design.dense.gram`. */
  private readonly gram: Float64Array | undefined;

  constructor(
    private readonly design: Design,
    withGram: boolean,
  ) {
    this.gradient = new Float64Array(design.width);
    this.gram = withGram ? new Float64Array(design.width * design.width) : undefined;
    design.dense.sum.fill(0);
    if (withGram) design.dense.gram.fill(0);
  }

  /** Adds xᵢ times `design.dense.factors[i]`. */
  addRows({ first, count, step }: RowBlock): void {
    const { dense, active, factors } = this.design;
    dense.addRows(first, count, step);
    for (let i = 0; i < count && factors > 0; i++) {
      const start = (first + i * step) * factors;
      for (let j = start; j < start + factors; j++) {
        if (active[j]! >= 0) this.gradient[active[j]!]! += dense.factors[i]!;
      }
    }
  }

  /** Adds xᵢ·xᵢᵀ times `design.dense.factors[i]`. */
  addOuter({ first, count, step }: RowBlock): void {
    const { dense, factors } = this.design;
    dense.addOuter(first, count, step);
    for (let i = 0; i < count && factors > 0; i++) this.addIndicators(first + i * step, dense.factors[i]!);
  }

  /** Lines of the indicators that are 1: they stand behind all dense columns, a later feature's behind an earlier one's. */
  private addIndicators(row: number, factor: number): void {
    const { dense, numbers, active, factors, width } = this.design;
    const gram = this.gram!;
    const start = row * dense.stride;
    for (let i = row * factors; i < (row + 1) * factors; i++) {
      if (active[i]! < 0) continue;
      const line = active[i]! * width;
      for (let j = 0; j <= numbers; j++) gram[line + j]! += factor * dense.values[start + j]!;
      for (let j = row * factors; j <= i; j++) if (active[j]! >= 0) gram[line + active[j]!]! += factor;
    }
  }

  /** Writes Σ factor · x, times `scale`, to a vector of length `design.width`. */
  readRows(target: Float64Array, scale = 1): void {
    const { dense, numbers } = this.design;
    target.set(this.gradient);
    target.set(dense.sum.subarray(0, numbers + 1));
    for (let j = 0; j < target.length; j++) target[j]! *= scale;
  }

  /** Writes the lower triangle of Σ factor · x·xᵀ, times `scale`, to a row-major matrix [width, width]. */
  readGram(target: Float64Array, scale = 1): void {
    const { dense, numbers, width } = this.design;
    target.set(this.gram!);
    for (let i = 0; i <= numbers; i++) {
      target.set(dense.gram.subarray(i * dense.stride, i * dense.stride + i + 1), i * width);
    }
    for (let j = 0; j < target.length; j++) target[j]! *= scale;
  }
}
