import { MISSING } from '../trees/bins.js';
import { FilledBins } from './filled-bins.js';
import { between, MIN_GAIN, NodeRows, type MissingSide, type Split } from './node-rows.js';

/**
 * Variance reduction: a split gains S_l²/n_l + S_r²/n_r − S²/n with sums S of the target and weights n. For a target of
 * 0 and 1 that is half the decrease of Gini impurity, so binary classification uses it as well.
 */
export abstract class SumRows extends NodeRows {
  /** Of the node: the target, and its squares. */
  protected sum = 0;
  protected squares = 0;
  /** Weight and sum of bin b at 2b and 2b + 1; zeros but for filled bins. */
  protected readonly histogram = new Float64Array(512);
  protected readonly filled = new FilledBins();

  get pure(): boolean {
    return this.squares - (this.sum * this.sum) / this.weight <= MIN_GAIN * this.squares;
  }

  writeValues(values: number[], at: number): void {
    values[at] = this.sum / this.weight;
  }

  /** Empties the histogram. */
  protected clear(): void {
    for (let k = 0; k < this.filled.count; k++) {
      const at = this.filled.bins[k]! << 1;
      this.histogram[at] = 0;
      this.histogram[at + 1] = 0;
    }
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
