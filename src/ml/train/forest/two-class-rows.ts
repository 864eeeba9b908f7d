import { MISSING } from '../trees/bins.js';
import { FilledBins } from './filled-bins.js';
import { between, MIN_GAIN, NodeRows, type MissingSide, type Split } from './node-rows.js';

/** A weight and, of it, the weight of the second class in one number, of which one addition adds both. */
const UNIT = 2 ** 26;

/**
 * Half the decrease of Gini impurity over two classes, S_l²/n_l + S_r²/n_r − S²/n, with weights n and, of them, those of
 * the second class S. Integers below 2^26 (rows) make the packed sums exact.
 */
export class TwoClassRows extends NodeRows {
  private second = 0;
  private readonly packed: Float64Array;
  /** Zeros but for filled bins. */
  private readonly histogram = new Float64Array(256);
  private readonly filled = new FilledBins();

  /** @param target 0 or 1 by row. */
  constructor(rows: Uint32Array, weights: Float64Array, target: Float64Array) {
    const packed = Float64Array.from(rows, (row, i) => weights[i]! * (UNIT + target[row]!));
    super(rows, [packed]);
    this.packed = packed;
  }

  get pure(): boolean {
    return this.second === 0 || this.second === this.weight;
  }

  writeValues(values: number[], at: number): void {
    values[at] = this.second / this.weight;
  }

  protected total(): void {
    const { packed, start, end } = this;
    let sum = 0;
    for (let i = start; i < end; i++) sum += packed[i]!;
    this.weight = Math.floor(sum / UNIT);
    this.second = sum - UNIT * this.weight;
  }

  protected fillHistogram(codes: Uint8Array, bins: number): boolean {
    const { histogram, filled, rows, packed, start, end } = this;
    for (let k = 0; k < filled.count; k++) histogram[filled.bins[k]!] = 0;
    for (let i = start; i < end; i++) histogram[codes[rows[i]!]!]! += packed[i]!;
    if (end - start < bins) filled.collect(codes, rows, start, end);
    else filled.find(histogram, 1);
    return histogram[MISSING]! > 0;
  }

  protected scan(column: number, bins: number, minLeaf: number, best: Split, missing: MissingSide): void {
    const { histogram, filled, weight, second } = this;
    const known = histogram[MISSING]! > 0 ? filled.count - 1 : filled.count;
    const base = (second * second) / weight;
    let left = missing === 'LEFT' ? histogram[MISSING]! : 0;
    let highest = Math.max(best.gain, MIN_GAIN * second) + base;
    let last = -1;
    // The last round has all known values on the left and only missing ones, if any, on the right.
    for (let k = 0; k <= known; k++) {
      const bin = k < known ? filled.bins[k]! : bins;
      const leftWeight = Math.floor(left / UNIT);
      const rightWeight = weight - leftWeight;
      if (rightWeight < minLeaf) return;
      if (last >= 0 && leftWeight >= minLeaf) {
        const leftSecond = left - UNIT * leftWeight;
        const rightSecond = second - leftSecond;
        const score = (leftSecond * leftSecond) / leftWeight + (rightSecond * rightSecond) / rightWeight;
        if (score > highest) {
          highest = score;
          best.column = column;
          best.bin = bin < bins ? between(last, bin) : bins - 1;
          best.missing = missing;
          best.gain = score - base;
        }
      }
      if (bin === bins) return;
      left += histogram[bin]!;
      last = bin;
    }
  }
}
