import { MISSING } from '../trees/bins.js';
import { SumRows } from './sum-rows.js';

/** Rows of a regression. */
export class MeanRows extends SumRows {
  /** Weight times target. */
  private readonly payload: Float64Array;

  constructor(
    rows: Uint32Array,
    private readonly weights: Float64Array,
    private readonly target: Float64Array,
  ) {
    const payload = Float64Array.from(rows, (row, i) => weights[i]! * target[row]!);
    super(rows, [payload, weights]);
    this.payload = payload;
  }

  protected total(): void {
    const { rows, weights, payload, target, start, end } = this;
    let weight = 0;
    let sum = 0;
    let squares = 0;
    for (let i = start; i < end; i++) {
      weight += weights[i]!;
      sum += payload[i]!;
      squares += payload[i]! * target[rows[i]!]!;
    }
    this.weight = weight;
    this.sum = sum;
    this.squares = squares;
  }

  protected fillHistogram(codes: Uint8Array, bins: number): boolean {
    const { histogram, filled, rows, weights, payload, start, end } = this;
    this.clear();
    for (let i = start; i < end; i++) {
      const at = codes[rows[i]!]! << 1;
      histogram[at]! += weights[i]!;
      histogram[at + 1]! += payload[i]!;
    }
    if (end - start < bins) filled.collect(codes, rows, start, end);
    else filled.find(histogram, 2);
    return histogram[2 * MISSING]! > 0;
  }
}
