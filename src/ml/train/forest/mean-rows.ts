import { MISSING } from '../trees/bins.js';
import { FilledBins } from './filled-bins.js';
import { between, MIN_GAIN, NodeRows, type MissingSide, type Split } from './node-rows.js';

/** Variance reduction: a split gains S_l²/n_l + S_r²/n_r − S²/n with sums S of the target and weights n. */
export class MeanRows extends NodeRows {
  /** Weight times target. */
  private readonly payload: Float64Array;
  private sum = 0;
  private squares = 0;
  /** Weight and sum of bin b at 2b and 2b + 1; zeros but for filled bins. */
  private readonly histogram = new Float64Array(512);
  private readonly filled = new FilledBins();

  constructor(
    rows: Uint32Array,
    private readonly weights: Float64Array,
    private readonly target: Float64Array,
  ) {
    const payload = Float64Array.from(rows, (row, i) => weights[i]! * target[row]!);
    super(rows, [payload, weights]);
    this.payload = payload;
  }

  get pure(): boolean {
    return this.squares - (this.sum * this.sum) / this.weight <= MIN_GAIN * this.squares;
  }

  writeValues(values: number[], at: number): void {
    values[at] = this.sum / this.weight;
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
    for (let k = 0; k < filled.count; k++) {
      const at = filled.bins[k]! << 1;
      histogram[at] = 0;
      histogram[at + 1] = 0;
    }
    for (let i = start; i < end; i++) {
      const at = codes[rows[i]!]! << 1;
      histogram[at]! += weights[i]!;
      histogram[at + 1]! += payload[i]!;
    }
    if (end - start < bins) filled.collect(codes, rows, start, end);
    else filled.find(histogram, 2);
    return histogram[2 * MISSING]! > 0;
  }

  protected scan(column: number, bins: number, minLeaf: number, best: Split, missing: MissingSide): void {
    const { histogram, filled, weight, sum } = this;
    const known = histogram[2 * MISSING]! > 0 ? filled.count - 1 : filled.count;
    const base = (sum * sum) / weight;
    let leftWeight = missing === 'LEFT' ? histogram[2 * MISSING]! : 0;
    let leftSum = missing === 'LEFT' ? histogram[2 * MISSING + 1]! : 0;
    let highest = Math.max(best.gain, MIN_GAIN * this.squares) + base;
    let last = -1;
    // The last round has all known values on the left and only missing ones, if any, on the right.
    for (let k = 0; k <= known; k++) {
      const bin = k < known ? filled.bins[k]! : bins;
      const rightWeight = weight - leftWeight;
      if (rightWeight < minLeaf) return;
      if (last >= 0 && leftWeight >= minLeaf) {
        const rightSum = sum - leftSum;
        const score = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / rightWeight;
        if (score > highest) {
          highest = score;
          best.column = column;
          best.bin = bin < bins ? between(last, bin) : bins - 1;
          best.missing = missing;
          best.gain = score - base;
        }
      }
      if (bin === bins) return;
      leftWeight += histogram[2 * bin]!;
      leftSum += histogram[2 * bin + 1]!;
      last = bin;
    }
  }
}
