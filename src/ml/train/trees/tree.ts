/** One grown tree; node 0 is the root, a node's children are neighbours. */
export interface Tree {
  /** −1 on leaves. */
  readonly column: Int32Array;
  /** Rows in bins up to this one go left. */
  readonly bin: Uint8Array;
  readonly missingLeft: Uint8Array;
  /** The left child; the right one follows it. */
  readonly left: Int32Array;
  /** Row-major [nodes, outputs] on leaves, zeros on inner nodes. What they mean is up to the algorithm. */
  readonly values: Float64Array;
  /** Training rows that came through each node, with repetitions. */
  readonly covers: Float64Array;
  /** What the splits by each column gained, in the unit of the algorithm's criterion. */
  readonly gains: Float64Array;
}

/** How a node is divided. */
export interface NodeSplit {
  readonly column: number;
  readonly bin: number;
  readonly gain: number;
}

/** Collects the nodes of a tree while it grows. */
export class TreeBuilder {
  readonly values: number[] = [];
  /** By node; whoever grows the tree knows them. */
  readonly covers: number[] = [];
  private readonly column: number[] = [];
  private readonly bin: number[] = [];
  private readonly missingLeft: number[] = [];
  private readonly left: number[] = [];
  private readonly gains: Float64Array;

  constructor(
    columns: number,
    private readonly outputs: number,
  ) {
    this.gains = new Float64Array(columns);
  }

  addNode(): number {
    this.bin.push(0);
    this.missingLeft.push(0);
    this.left.push(0);
    for (let k = 0; k < this.outputs; k++) this.values.push(0);
    return this.column.push(-1) - 1;
  }

  /** Gives a node two children; returns the left one. */
  divide(node: number, split: NodeSplit, missingLeft: boolean): number {
    this.column[node] = split.column;
    this.bin[node] = split.bin;
    this.missingLeft[node] = missingLeft ? 1 : 0;
    this.gains[split.column]! += split.gain;
    const left = this.addNode();
    this.left[node] = left;
    this.addNode();
    return left;
  }

  /** @param gainUnit what the gains of the splits are multiplied by. */
  build(gainUnit = 1): Tree {
    return {
      column: Int32Array.from(this.column),
      bin: Uint8Array.from(this.bin),
      missingLeft: Uint8Array.from(this.missingLeft),
      left: Int32Array.from(this.left),
      values: Float64Array.from(this.values),
      covers: Float64Array.from(this.covers),
      gains: this.gains.map((gain) => gain * gainUnit),
    };
  }
}
