import { MISSING } from '../trees/bins.js';
import { SumRows } from './sum-rows.js';

/** A weight and, of it, the weight of the second class in one number, of which one addition adds both. */
const UNIT = 2 ** 26;

/** Rows of two classes, 0 and 1. Integers below 2^26 (rows) make the packed sums exact. */
export class TwoClassRows extends SumRows {
  private readonly packed: Float64Array;
  /** By bin; zeros between calls. */
  private readonly packedHistogram = new Float64Array(256);

  /** @param target 0 or 1 by row. */
  constructor(rows: Uint32Array, weights: Float64Array, target: Float64Array) {
    const packed = Float64Array.from(rows, (row, i) => weights[i]! * (UNIT + target[row]!));
    super(rows, [packed]);
    this.packed = packed;
  }

  protected total(): void {
    const { packed, start, end } = this;
    let sum = 0;
    for (let i = start; i < end; i++) sum += packed[i]!;
    this.weight = Math.floor(sum / UNIT);
    this.sum = sum - UNIT * this.weight;
    this.squares = this.sum;
  }

  protected fillHistogram(codes: Uint8Array, bins: number): boolean {
    const { histogram, packedHistogram, filled, rows, packed, start, end } = this;
    this.clear();
    for (let i = start; i < end; i++) packedHistogram[codes[rows[i]!]!]! += packed[i]!;
    if (end - start < bins) filled.collect(codes, rows, start, end);
    else filled.find(packedHistogram, 1);
    for (let k = 0; k < filled.count; k++) {
      const bin = filled.bins[k]!;
      const weight = Math.floor(packedHistogram[bin]! / UNIT);
      histogram[2 * bin] = weight;
      histogram[2 * bin + 1] = packedHistogram[bin]! - UNIT * weight;
      packedHistogram[bin] = 0;
    }
    return histogram[2 * MISSING]! > 0;
  }
}
