import type { CompiledForest } from '../onnx/kernels/forest.js';
import { LEAF_MASK } from '../onnx/kernels/forest.js';
import { gaussLegendre, type Quadrature } from './quadrature.js';

/** A forest that knows how many training rows came through each node. */
export type CoveredForest = CompiledForest & { readonly covers: Float32Array };

/** What a forest says about one row, output by output. */
export interface ForestSums {
  /** Sum of the reached leaves. */
  readonly output: Float64Array;
  /** Mean over the training rows. */
  readonly base: Float64Array;
  /** Row-major [outputs, origins]. */
  readonly contributions: Float64Array;
}

/**
 * Path-dependent TreeSHAP (Lundberg et al. 2018): the Shapley values of the game in which a known column sends the row
 * down its own side of a split, and an unknown one sends it down both, in proportion to the training rows.
 *
 * A leaf is worth Π oᵢ over known and Π zᵢ over unknown columns of its path: oᵢ is 1 if the row takes all of the path's
 * splits by column i, else 0; zᵢ is the share of training rows that take them. The Shapley value of such a product is
 * (oᵢ − zᵢ)·∫₀¹ Π_{j≠i}(oⱼt + zⱼ(1 − t))dt (Owen 1972), a polynomial that Gauss's rule integrates exactly. All leaves of a
 * subtree share the factors above it, so that one descent gives the values of Lundberg's Algorithm 2 in O(leaves · depth)
 * instead of O(leaves · depth²), as Linear TreeSHAP (Yu et al. 2022) does with interpolation.
 *
 * The descent keeps its own stack, so that it can stop after some nodes and go on in another turn of the event loop.
 */
export class TreeWalk {
  private rule: Quadrature = gaussLegendre(1);
  private depth = 0;
  /** By depth: the node, how many of its children are done, and whether the row itself comes here. */
  private readonly node: Int32Array;
  private readonly done: Uint8Array;
  private readonly hot: Uint8Array;
  /** By depth: the column of the edge that leads here, its o − z before that edge, and its z. */
  private readonly edge: Int32Array;
  private readonly oldSpan: Float64Array;
  private readonly oldZero: Float64Array;
  /** [depth, points]: 1 / (o·t + z·(1 − t)) of that column before that edge. */
  private readonly oldInverse: Float64Array;
  /** By depth: share of the training rows that come here. */
  private readonly share: Float64Array;
  /** [depth, points]: product of the factors on the way; [depth, outputs that are wanted, points]: its sums over leaves. */
  private readonly product: Float64Array;
  private readonly sums: Float64Array;
  /** By column: o − z and z of the way down to the present node, and [columns, points]: 1 / (o·t + z·(1 − t)). */
  private readonly span: Float64Array;
  private readonly zero: Float64Array;
  private readonly inverse: Float64Array;
  private readonly points: number;

  /**
   * @param columns of the matrix that the forest reads.
   * @param origins by column of that matrix: where its contributions are added.
   * @param wanted outputs to divide; of the others nothing is found.
   */
  constructor(
    private readonly compiled: CoveredForest,
    columns: number,
    private readonly origins: Int32Array,
    private readonly wanted: Int32Array,
  ) {
    const { forest, slots } = compiled;
    const levels = forest.depths.reduce((most, depth) => Math.max(most, depth), 0) + 1;
    const players = Math.min(levels - 1, new Set(slots.features).size);
    this.points = pointsFor(players);
    this.node = new Int32Array(levels);
    this.done = new Uint8Array(levels);
    this.hot = new Uint8Array(levels);
    this.edge = new Int32Array(levels);
    this.oldSpan = new Float64Array(levels);
    this.oldZero = new Float64Array(levels);
    this.oldInverse = new Float64Array(levels * this.points);
    this.share = new Float64Array(levels);
    this.product = new Float64Array(levels * this.points);
    this.sums = new Float64Array(levels * this.points * wanted.length);
    this.span = new Float64Array(columns);
    this.zero = new Float64Array(columns).fill(1);
    this.inverse = new Float64Array(columns * this.points).fill(1);
  }

  /** Begins with a tree. */
  enter(tree: number): void {
    const { forest } = this.compiled;
    this.rule = gaussLegendre(Math.min(this.points, pointsFor(forest.depths[tree]!)));
    this.depth = 0;
    this.node[0] = forest.roots[tree]!;
    this.hot[0] = 1;
    this.share[0] = 1;
    this.product.fill(1, 0, this.points);
    this.arrive();
  }

  /**
   * Goes on with the tree, and adds what it finds to `sums`.
   * @param slots of the row.
   * @returns false if there is more to do after so many steps.
   */
  run(slots: Float32Array, into: ForestSums, steps: number): boolean {
    const { words, thresholds, slotBits } = this.compiled.forest;
    const { features } = this.compiled.slots;
    const mask = (1 << slotBits) - 1;
    for (let step = 0; step < steps; step++) {
      const { depth } = this;
      const node = this.node[depth]!;
      const word = words[2 * node + 1]!;
      const left = word >>> slotBits;
      if (left === node) this.addLeaf(words[2 * node]! & LEAF_MASK, into);
      else if (this.done[depth]! < 2) {
        const side = this.done[depth]!++;
        const slot = word & mask;
        const taken = Number(slots[slot]! > thresholds[2 * node]!);
        this.descend(left + side, features[slot]!, side === taken);
        continue;
      }
      if (depth === 0) return true;
      this.leave(into.contributions);
    }
    return false;
  }

  private descend(child: number, column: number, taken: boolean): void {
    const { covers } = this.compiled;
    const { inverse, oldInverse, points, product } = this;
    const { points: ts } = this.rule;
    const from = this.depth * points;
    const ratio = covers[child]! / covers[this.node[this.depth]!]!;
    const depth = ++this.depth;
    this.node[depth] = child;
    this.hot[depth] = taken ? this.hot[depth - 1]! : 0;
    this.share[depth] = this.share[depth - 1]! * ratio;
    this.edge[depth] = column;
    const oldSpan = (this.oldSpan[depth] = this.span[column]!);
    const oldZero = (this.oldZero[depth] = this.zero[column]!);
    const zero = (this.zero[column] = oldZero * ratio);
    const span = (this.span[column] = taken ? oldSpan + oldZero - zero : -zero);
    const [at, to] = [column * points, depth * points];
    for (let i = 0; i < ts.length; i++) {
      const factor = zero + span * ts[i]!;
      const old = (oldInverse[to + i] = inverse[at + i]!);
      product[to + i] = product[from + i]! * factor * old;
      inverse[at + i] = 1 / factor;
    }
    this.arrive();
  }

  private arrive(): void {
    const size = this.points * this.wanted.length;
    this.done[this.depth] = 0;
    this.sums.fill(0, this.depth * size, (this.depth + 1) * size);
  }

  private addLeaf(leaf: number, { output, base }: ForestSums): void {
    const { leaves, width } = this.compiled.forest;
    const { wanted, points, depth, product, sums } = this;
    const { weights } = this.rule;
    const isHot = this.hot[depth] === 1;
    for (let n = 0; n < wanted.length; n++) {
      const k = wanted[n]!;
      const value = leaves[leaf * width + k]!;
      if (value === 0) continue;
      base[k]! += value * this.share[depth]!;
      if (isHot) output[k]! += value;
      const at = (depth * wanted.length + n) * points;
      for (let i = 0; i < weights.length; i++) sums[at + i] = value * weights[i]! * product[depth * points + i]!;
    }
  }

  /**
   * Settles the edge that led here and goes up. Below it its column had the factor of `span` and `zero`, above it the old
   * one: what an edge above counts for these leaves is taken back, since it has not seen this split.
   */
  private leave(contributions: Float64Array): void {
    const { inverse, oldInverse, points, sums, depth, wanted } = this;
    const used = this.rule.points.length;
    const column = this.edge[depth]!;
    const [span, oldSpan] = [this.span[column]!, this.oldSpan[depth]!];
    const inputs = contributions.length / this.compiled.forest.width;
    const [at, below] = [column * points, depth * points];
    for (let n = 0; n < wanted.length; n++) {
      const from = (depth * wanted.length + n) * points;
      const up = from - wanted.length * points;
      let sum = 0;
      for (let i = 0; i < used; i++) {
        const value = sums[from + i]!;
        sum += value * (span * inverse[at + i]! - oldSpan * oldInverse[below + i]!);
        sums[up + i]! += value;
      }
      contributions[wanted[n]! * inputs + this.origins[column]!]! += sum;
    }
    for (let i = 0; i < used; i++) inverse[at + i] = oldInverse[below + i]!;
    this.span[column] = oldSpan;
    this.zero[column] = this.oldZero[depth]!;
    this.depth--;
  }
}

/** Points for the integral over products of so many factors, one of which is left out. */
function pointsFor(players: number): number {
  return Math.max(1, Math.ceil(players / 2));
}
