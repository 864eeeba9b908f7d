import { MISSING } from '../trees/bins.js';
import { between, MIN_GAIN, NodeRows, type MissingSide, type Split } from './node-rows.js';

/** Decrease of Gini impurity over three or more classes: Σ l²/n_l + Σ r²/n_r − Σ c²/n with the classes' weights. */
export class ClassRows extends NodeRows {
  private readonly codes: Float64Array;
  private readonly totals: Float64Array;
  private readonly left: Float64Array;
  /** Row-major [256 bins, classes]. */
  private readonly histogram: Float64Array;
  private readonly filled = new Uint8Array(256);

  constructor(
    rows: Uint32Array,
    private readonly weights: Float64Array,
    target: Float64Array,
    private readonly classes: number,
  ) {
    const codes = Float64Array.from(rows, (row) => target[row]!);
    super(rows, [codes, weights]);
    this.codes = codes;
    this.totals = new Float64Array(classes);
    this.left = new Float64Array(classes);
    this.histogram = new Float64Array(256 * classes);
  }

  get pure(): boolean {
    return this.totals.includes(this.weight);
  }

  writeValues(values: number[], at: number): void {
    for (let k = 0; k < this.classes; k++) values[at + k] = this.totals[k]! / this.weight;
  }

  protected total(): void {
    this.totals.fill(0);
    for (let i = this.start; i < this.end; i++) this.totals[this.codes[i]!]! += this.weights[i]!;
    this.weight = this.totals.reduce((sum, total) => sum + total, 0);
  }

  protected fillHistogram(codes: Uint8Array, bins: number): boolean {
    const { histogram, filled, rows, weights, codes: classCodes, classes, start, end } = this;
    histogram.fill(0, 0, bins * classes);
    histogram.fill(0, MISSING * classes);
    filled.fill(0);
    for (let i = start; i < end; i++) {
      const bin = codes[rows[i]!]!;
      filled[bin] = 1;
      histogram[bin * classes + classCodes[i]!]! += weights[i]!;
    }
    return filled[MISSING] === 1;
  }

  protected scan(column: number, bins: number, minLeaf: number, best: Split, missing: MissingSide): void {
    const { filled, weight, totals } = this;
    let base = 0;
    for (const total of totals) base += (total * total) / weight;
    this.left.fill(0);
    let leftWeight = missing === 'LEFT' ? this.moveLeft(MISSING) : 0;
    let highest = Math.max(best.gain, MIN_GAIN * weight) + base;
    let last = -1;
    // The last round has all known values on the left and only missing ones, if any, on the right.
    for (let bin = 0; bin <= bins; bin++) {
      if (bin < bins && filled[bin] === 0) continue;
      const rightWeight = weight - leftWeight;
      if (rightWeight < minLeaf) return;
      if (last >= 0 && leftWeight >= minLeaf) {
        const score = this.score(leftWeight, rightWeight);
        if (score > highest) {
          highest = score;
          best.column = column;
          best.bin = bin < bins ? between(last, bin) : bins - 1;
          best.missing = missing;
          best.gain = score - base;
        }
      }
      if (bin === bins) return;
      leftWeight += this.moveLeft(bin);
      last = bin;
    }
  }

  private score(leftWeight: number, rightWeight: number): number {
    const { left, totals, classes } = this;
    let leftSquares = 0;
    let rightSquares = 0;
    for (let k = 0; k < classes; k++) {
      const right = totals[k]! - left[k]!;
      leftSquares += left[k]! * left[k]!;
      rightSquares += right * right;
    }
    return leftSquares / leftWeight + rightSquares / rightWeight;
  }

  /** Adds a bin's rows to the left side; returns their weight. */
  private moveLeft(bin: number): number {
    const { histogram, left, classes } = this;
    let moved = 0;
    for (let k = 0; k < classes; k++) {
      const count = histogram[bin * classes + k]!;
      left[k]! += count;
      moved += count;
    }
    return moved;
  }
}
