/** Where missing values go; NONE: the node has none in that column. */
export type MissingSide = 'LEFT' | 'RIGHT' | 'NONE';

/** Best way found so far to divide a node's rows. */
export interface Split {
  column: number;
  /** Rows in bins up to this one go left. */
  bin: number;
  missing: MissingSide;
  /** Decrease of impurity, times rows; 0 while nothing was found. */
  gain: number;
}

/** Gains below this share of the impurity are rounding errors. */
export const MIN_GAIN = 1e-12;

/**
 * The rows of one tree, ordered so that a node owns the positions [start, end), and the search for splits among them.
 * What is learned (a mean, or the shares of classes) is up to the subclass.
 */
export abstract class NodeRows {
  /** Rows of the node as drawn by the bootstrap, with repetitions. */
  weight = 0;
  protected start = 0;
  protected end = 0;
  private readonly spareRows: Uint32Array;
  private readonly spare: Float64Array;
  /** By position: 1 for rows that go right, 0 for others. */
  private readonly sides: Uint8Array;

  /**
   * @param rows the rows drawn, ascending, each once.
   * @param carried what the subclass accumulates, position by position: it moves along with the rows.
   */
  constructor(
    protected readonly rows: Uint32Array,
    private readonly carried: readonly Float64Array[],
  ) {
    this.spareRows = new Uint32Array(rows.length);
    this.spare = new Float64Array(rows.length);
    this.sides = new Uint8Array(rows.length);
  }

  get length(): number {
    return this.rows.length;
  }

  /** Makes [start, end) the node that the other methods speak of. */
  enter(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.total();
  }

  /** True if no split can improve the node. */
  abstract readonly pure: boolean;

  /** Writes the mean of the target, or the classes' shares, from values[at] on. */
  abstract writeValues(values: number[], at: number): void;

  /** Replaces `best` if a split of the node by this column is better. */
  search(column: number, codes: Uint8Array, bins: number, minLeaf: number, best: Split): void {
    const missing = this.fillHistogram(codes, bins);
    this.scan(column, bins, minLeaf, best, missing ? 'RIGHT' : 'NONE');
    if (missing) this.scan(column, bins, minLeaf, best, 'LEFT');
  }

  /**
   * Reorders the node's rows, left ones first, each side in its old order; returns the first position on the right.
   * Every value is written to both sides and only one of them moves on: a branch would be mispredicted half the time.
   */
  partition(codes: Uint8Array, bin: number, missingLeft: boolean): number {
    const { rows, spareRows, sides, start, end } = this;
    // Moved up by one, the code of missing values, 255, comes round to 0.
    const shift = missingLeft ? 1 : 0;
    const limit = bin + shift;
    let left = start;
    let right = 0;
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const side = (limit - ((codes[row]! + shift) & 0xff)) >>> 31;
      sides[i] = side;
      rows[left] = row;
      spareRows[right] = row;
      right += side;
      left += 1 - side;
    }
    rows.set(spareRows.subarray(0, right), left);
    for (const values of this.carried) this.move(values);
    return left;
  }

  private move(values: Float64Array): void {
    const { spare, sides, start, end } = this;
    let left = start;
    let right = 0;
    for (let i = start; i < end; i++) {
      const side = sides[i]!;
      const value = values[i]!;
      values[left] = value;
      spare[right] = value;
      right += side;
      left += 1 - side;
    }
    values.set(spare.subarray(0, right), left);
  }

  /** Sums up the node and its `weight`. */
  protected abstract total(): void;

  /** Accumulates the node's rows by bin; returns whether values are missing. */
  protected abstract fillHistogram(codes: Uint8Array, bins: number): boolean;

  /** Tries all thresholds of the histogram, with the missing rows on one side. */
  protected abstract scan(column: number, bins: number, minLeaf: number, best: Split, missing: MissingSide): void;
}

/** Where between two neighbouring filled bins a split is put: halfway, so that values in between divide fairly. */
export function between(filled: number, next: number): number {
  return (filled + next - 1) >> 1;
}
