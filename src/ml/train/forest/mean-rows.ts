import { MISSING } from '../trees/bins.js';
import { between, MIN_GAIN, NodeRows, type MissingSide, type Split } from './node-rows.js';

/**
 * Variance reduction: a split gains S_l²/n_l + S_r²/n_r − S²/n with sums S of the target and weights n. For a target of
 * 0 and 1 that is half the decrease of Gini impurity, so binary classification uses it as well.
 */
export class MeanRows extends NodeRows {
  private sum = 0;
  private squares = 0;
  /** Weight and sum of bin b at 2b and 2b + 1. */
  private readonly histogram = new Float64Array(512);

  constructor(
    rows: Uint32Array,
    weights: Uint16Array,
    private readonly target: Float64Array,
  ) {
    super(rows, weights, new Float64Array(rows.length));
    for (let i = 0; i < rows.length; i++) this.payload[i] = weights[i]! * target[rows[i]!]!;
  }

  get pure(): boolean {
    return this.squares - (this.sum * this.sum) / this.weight <= MIN_GAIN * this.squares;
  }

  writeValues(values: number[], at: number): void {
    values[at] = this.sum / this.weight;
  }

  protected total(): void {
    const { rows, payload, target, start, end } = this;
    let sum = 0;
    let squares = 0;
    for (let i = start; i < end; i++) {
      sum += payload[i]!;
      squares += payload[i]! * target[rows[i]!]!;
    }
    this.sum = sum;
    this.squares = squares;
  }

  protected fillHistogram(codes: Uint8Array, bins: number): boolean {
    const { histogram, rows, weights, payload, start, end } = this;
    histogram.fill(0, 0, 2 * bins);
    histogram.fill(0, 2 * MISSING);
    for (let i = start; i < end; i++) {
      const at = codes[rows[i]!]! << 1;
      histogram[at]! += weights[i]!;
      histogram[at + 1]! += payload[i]!;
    }
    return histogram[2 * MISSING]! > 0;
  }

  protected scan(column: number, bins: number, minLeaf: number, best: Split, missing: MissingSide): void {
    const { histogram, weight, sum } = this;
    const base = (sum * sum) / weight;
    let leftWeight = missing === 'LEFT' ? histogram[2 * MISSING]! : 0;
    let leftSum = missing === 'LEFT' ? histogram[2 * MISSING + 1]! : 0;
    let highest = Math.max(best.gain, MIN_GAIN * this.squares) + base;
    let filled = -1;
    // The last round has all known values on the left and only missing ones, if any, on the right.
    for (let bin = 0; bin <= bins; bin++) {
      if (bin < bins && histogram[2 * bin] === 0) continue;
      const rightWeight = weight - leftWeight;
      if (rightWeight < minLeaf) return;
      if (filled >= 0 && leftWeight >= minLeaf) {
        const rightSum = sum - leftSum;
        const score = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / rightWeight;
        if (score > highest) {
          highest = score;
          best.column = column;
          best.bin = bin < bins ? between(filled, bin) : bins - 1;
          best.missing = missing;
          best.gain = score - base;
        }
      }
      if (bin === bins) return;
      leftWeight += histogram[2 * bin]!;
      leftSum += histogram[2 * bin + 1]!;
      filled = bin;
    }
  }
}
