import { type Tree, TreeBuilder } from '../trees/tree.js';
import { type BestSplit, findBestSplit, type NodeSums, type Regularisation } from './best-split.js';
import { type BinnedTable, type Histogram, type OrderedRows, subtract } from './histogram.js';
import type { HistogramFiller } from './histogram-filler.js';

export interface GrowthLimits extends Regularisation {
  readonly leaves: number;
  readonly depth: number;
}

/** A leaf of a growing tree: rows at positions [start, end). */
interface Leaf extends NodeSums {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly histogram: Histogram | undefined;
  readonly split: BestSplit | undefined;
}

/** A grown tree, and where in the ordered rows each of its leaves lies. */
export interface GrownTree {
  readonly tree: Tree;
  readonly leaves: readonly { readonly node: number; readonly start: number; readonly end: number }[];
}

/**
 * Grows trees leaf by leaf: whichever leaf gains most is divided next (Shi 2007), so that a limit on leaves buys depth
 * where it pays. A child's histogram is counted for the smaller side only; the other is the difference from the parent's.
 */
export class TreeGrower {
  private readonly spare: OrderedRows;

  constructor(
    private readonly table: BinnedTable,
    private readonly filler: HistogramFiller,
    private readonly limits: GrowthLimits,
  ) {
    const { length } = filler.ordered.rows;
    this.spare = {
      rows: new Uint32Array(length),
      gradient: new Float64Array(length),
      hessian: new Float64Array(length),
    };
  }

  /** Grows one tree on the filler's rows, which it reorders. Leaves have the value −G/(H + λ). */
  grow(): GrownTree {
    const builder = new TreeBuilder(this.table.columns.length, 1);
    const leaves = [this.root(builder.addNode())];
    while (leaves.length < this.limits.leaves) {
      const next = mostGaining(leaves);
      if (next < 0) break;
      leaves.splice(next, 1, ...this.divide(leaves[next]!, builder));
    }
    for (const leaf of leaves) {
      builder.values[leaf.node] = -leaf.gradient / (leaf.hessian + this.limits.l2);
      this.release(leaf);
    }
    return { tree: builder.build(), leaves };
  }

  private root(node: number): Leaf {
    const { ordered } = this.filler;
    const end = ordered.rows.length;
    const histogram = this.filler.fill(0, end);
    return this.leaf({ node, start: 0, end, depth: 0 }, sumsOf(ordered, 0, end), histogram);
  }

  private leaf(
    place: Pick<Leaf, 'node' | 'start' | 'end' | 'depth'>,
    sums: NodeSums,
    histogram: Histogram | undefined,
  ): Leaf {
    const split = histogram && findBestSplit(histogram, this.table, sums, this.limits);
    return { ...place, ...sums, histogram, split };
  }

  private divide(leaf: Leaf, builder: TreeBuilder): [Leaf, Leaf] {
    const split = leaf.split!;
    const { start, end } = leaf;
    const middle = this.partition(leaf, split);
    // A value that was never missing here follows the majority.
    const missingLeft = split.missing === 'NONE' ? middle - start >= end - middle : split.missing === 'LEFT';
    const left = builder.divide(leaf.node, split, missingLeft);
    const sums = sumsOf(this.filler.ordered, start, middle);
    const rest = {
      gradient: leaf.gradient - sums.gradient,
      hessian: leaf.hessian - sums.hessian,
      rows: leaf.rows - sums.rows,
    };
    const depth = leaf.depth + 1;
    const [leftHistogram, rightHistogram] = this.childHistograms(leaf, middle, depth);
    return [
      this.leaf({ node: left, start, end: middle, depth }, sums, leftHistogram),
      this.leaf({ node: left + 1, start: middle, end, depth }, rest, rightHistogram),
    ];
  }

  /** None where no further split is allowed. */
  private childHistograms(leaf: Leaf, middle: number, depth: number): [Histogram?, Histogram?] {
    if (depth >= this.limits.depth || leaf.rows < 2 * this.limits.minLeaf) {
      this.release(leaf);
      return [];
    }
    const parent = leaf.histogram!;
    const leftIsSmaller = middle - leaf.start <= leaf.end - middle;
    const smaller = leftIsSmaller ? this.filler.fill(leaf.start, middle) : this.filler.fill(middle, leaf.end);
    subtract(parent, smaller);
    return leftIsSmaller ? [smaller, parent] : [parent, smaller];
  }

  private release({ histogram }: Leaf): void {
    if (histogram) this.filler.release(histogram);
  }

  /** Reorders the leaf's rows, left ones first, each side in its old order; returns the first position on the right. */
  private partition({ start, end }: Leaf, { column, bin, missing }: BestSplit): number {
    const codes = this.table.columns[column]!;
    const missingCode = this.table.bins[column]!;
    const { rows, gradient, hessian } = this.filler.ordered;
    const { spare } = this;
    let left = start;
    let right = 0;
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const code = codes[row]!;
      if (code === missingCode ? missing === 'LEFT' : code <= bin) {
        rows[left] = row;
        gradient[left] = gradient[i]!;
        hessian[left++] = hessian[i]!;
      } else {
        spare.rows[right] = row;
        spare.gradient[right] = gradient[i]!;
        spare.hessian[right++] = hessian[i]!;
      }
    }
    rows.set(spare.rows.subarray(0, right), left);
    gradient.set(spare.gradient.subarray(0, right), left);
    hessian.set(spare.hessian.subarray(0, right), left);
    return left;
  }
}

function mostGaining(leaves: readonly Leaf[]): number {
  let best = -1;
  leaves.forEach(({ split }, index) => {
    if (split && (best < 0 || split.gain > leaves[best]!.split!.gain)) best = index;
  });
  return best;
}

function sumsOf({ gradient, hessian }: OrderedRows, start: number, end: number): NodeSums {
  let g = 0;
  let h = 0;
  for (let i = start; i < end; i++) {
    g += gradient[i]!;
    h += hessian[i]!;
  }
  return { gradient: g, hessian: h, rows: end - start };
}
