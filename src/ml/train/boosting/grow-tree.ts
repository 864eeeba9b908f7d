import { type Tree, TreeBuilder } from '../trees/tree.js';
import { type BestSplit, findBestSplit, type HistogramLayout, type SplitLimits, totalOf } from './best-split.js';
import { chunkCount, chunkOf } from './chunks.js';
import type { Crew } from './crew.js';
import { packingFor, type Sums } from './entry.js';
import { type Histogram, Histograms } from './histograms.js';
import type { SharedState } from './shared-state.js';

export interface GrowthLimits {
  readonly leaves: number;
  readonly depth: number;
  readonly minLeaf: number;
  /** L2 penalty λ on scores of leaves. */
  readonly l2: number;
}

/** A leaf of a growing tree: rows at positions [start, end). */
interface Leaf extends Sums {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly split: BestSplit | undefined;
  /** None where no split follows, or where there was no room for it: then it is counted again. */
  histogram: Histogram | undefined;
}

/** A grown tree, and where in the ordered rows each of its leaves lies. */
export interface GrownTree {
  readonly tree: Tree;
  readonly leaves: readonly { readonly node: number; readonly start: number }[];
}

/** Least sum of second derivatives in a leaf: below it, scores are guesses. */
const MIN_HESSIAN = 1e-3;

/**
 * Grows trees leaf by leaf: whichever leaf gains most is divided next (Shi 2007), so that a limit on leaves buys depth
 * where it pays. A child's histogram is counted for the smaller side only; the other is the difference from the parent's.
 */
export class TreeGrower {
  private readonly histograms: Histograms;
  private readonly layout: HistogramLayout;
  private splitLimits!: SplitLimits;

  constructor(
    state: SharedState,
    private readonly crew: Crew,
    private readonly limits: GrowthLimits,
  ) {
    const { bins, trainRows } = state.shape;
    this.layout = { bins, offsets: state.offsets, packing: packingFor(trainRows) };
    this.histograms = new Histograms(state, crew);
  }

  /** Grows one tree on the derivatives that the rows have now. Leaves have the value −G/(H + λ). */
  grow(): GrownTree {
    const { views, kernels } = this.crew.runner;
    const { order, train, units } = views;
    const [gradientUnit, hessianUnit] = [units[0]!, units[1]!];
    const { minLeaf, l2 } = this.limits;
    this.splitLimits = { minLeaf, l2: l2 / hessianUnit, minHessian: MIN_HESSIAN / hessianUnit };
    kernels.copy(order.byteOffset, train.byteOffset, train.byteLength);
    const builder = new TreeBuilder(this.layout.bins.length, 1);
    const leaves = [this.root(builder.addNode())];
    builder.covers.push(leaves[0]!.rows);
    while (leaves.length < this.limits.leaves) {
      const next = mostGaining(leaves);
      if (next < 0) break;
      this.makeRoom(leaves, next);
      const isLast = leaves.length + 1 === this.limits.leaves;
      leaves.splice(next, 1, ...this.divide(leaves[next]!, builder, isLast));
    }
    for (const leaf of leaves) {
      builder.values[leaf.node] =
        (-leaf.gradient * gradientUnit) / ((leaf.hessian + this.splitLimits.l2) * hessianUnit);
      if (leaf.histogram) this.histograms.release(leaf.histogram);
    }
    return { tree: builder.build((gradientUnit * gradientUnit) / hessianUnit), leaves };
  }

  private root(node: number): Leaf {
    const end = this.crew.runner.views.order.length;
    const histogram = this.histograms.count(0, end);
    return this.leaf({ node, start: 0, end, depth: 0 }, totalOf(histogram.words, this.layout), histogram);
  }

  private leaf(
    place: Pick<Leaf, 'node' | 'start' | 'end' | 'depth'>,
    sums: Sums,
    histogram: Histogram | undefined,
  ): Leaf {
    const split = histogram && findBestSplit(histogram.words, this.layout, sums, this.splitLimits);
    return { ...place, ...sums, histogram, split };
  }

  /** Takes the histograms of the least promising leaves where too few are left to divide the leaf `next`. */
  private makeRoom(leaves: readonly Leaf[], next: number): void {
    const needed = leaves[next]!.histogram ? 1 : 2;
    while (this.histograms.available < needed) {
      const others = leaves.filter(({ histogram }, index) => histogram && index !== next);
      const least = others.reduce((a, b) => ((b.split?.gain ?? 0) < (a.split?.gain ?? 0) ? b : a));
      this.histograms.release(least.histogram!);
      least.histogram = undefined;
    }
  }

  /** @param isLast no split follows: the children need no histograms. */
  private divide(leaf: Leaf, builder: TreeBuilder, isLast: boolean): [Leaf, Leaf] {
    const split = leaf.split!;
    const { start, end } = leaf;
    const middle = this.partition(leaf, split);
    // A value that was never missing here follows the majority.
    const missingLeft = split.missing === 'NONE' ? middle - start >= end - middle : split.missing === 'LEFT';
    const node = builder.divide(leaf.node, split, missingLeft);
    builder.covers.push(middle - start, end - middle);
    const right = {
      gradient: leaf.gradient - split.left.gradient,
      hessian: leaf.hessian - split.left.hessian,
      rows: leaf.rows - split.left.rows,
    };
    const depth = leaf.depth + 1;
    const stop = isLast || depth >= this.limits.depth || leaf.rows < 3 * this.limits.minLeaf;
    const [leftHistogram, rightHistogram] = stop ? this.drop(leaf) : this.childHistograms(leaf, middle);
    return [
      this.leaf({ node, start, end: middle, depth }, split.left, leftHistogram),
      this.leaf({ node: node + 1, start: middle, end, depth }, right, rightHistogram),
    ];
  }

  private drop({ histogram }: Leaf): [] {
    if (histogram) this.histograms.release(histogram);
    return [];
  }

  private childHistograms({ start, end, histogram }: Leaf, middle: number): [Histogram, Histogram] {
    const parent = histogram ?? this.histograms.count(start, end);
    const leftIsSmaller = middle - start <= end - middle;
    const smaller = leftIsSmaller ? this.histograms.count(start, middle) : this.histograms.count(middle, end);
    this.histograms.subtract(parent, smaller);
    return leftIsSmaller ? [smaller, parent] : [parent, smaller];
  }

  /** Reorders the leaf's rows, left ones first, each side in its old order; returns the first position on the right. */
  private partition({ start, end }: Leaf, { column, bin, missing }: BestSplit): number {
    const { goesLeft, lefts, order, spare } = this.crew.runner.views;
    goesLeft.fill(0).fill(1, 0, bin + 1);
    goesLeft[this.layout.bins[column]!] = missing === 'LEFT' ? 1 : 0;
    this.crew.run('PARTITION', start, end, column);
    const chunks = Array.from({ length: chunkCount(start, end) }, (_, index) => chunkOf(start, end, index));
    const move = (to: number, source: Uint32Array, from: number, count: number): void => {
      this.crew.runner.kernels.copy(order.byteOffset + 4 * to, source.byteOffset + 4 * from, 4 * count);
    };
    let left = start;
    for (const { index, from } of chunks) {
      move(left, order, from, lefts[index]!);
      left += lefts[index]!;
    }
    let right = left;
    for (const { index, from, to } of chunks) {
      const rights = to - from - lefts[index]!;
      move(right, spare, from, rights);
      right += rights;
    }
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
