import type { CompiledForest } from '../onnx/kernels/forest.js';
import type { SlotTarget } from '../onnx/kernels/slots.js';
import { gaussLegendre, type Quadrature } from './quadrature.js';
import type { RowSums } from './row-sums.js';
import { type WalkKernel, walkKernel } from './walk-kernel.js';
import { DOUBLE, FRAME, HEAD, placesFor, PLAYER, SLOTS_AT, TURN, type WalkPlaces, WORD } from './walk-memory.js';

/** A forest that knows how many training rows came through each node. */
export type CoveredForest = CompiledForest & { readonly covers: Float32Array };

/** Bytes that walking down any tree of a forest takes. */
export function walkBytes({ forest, slots }: CompiledForest, outputs: number, rows: number): number {
  const columns = new Set(slots.features).size;
  return forest.depths.reduce((most, depth, tree) => {
    const nodes = forest.sizes[tree]!;
    const players = Math.min(columns, (nodes - 1) / 2);
    const points = pointsFor(Math.min(depth, players));
    const size = { nodes, levels: depth + 1, points, players, outputs, slots: slots.kinds.length, rows };
    return Math.max(most, placesFor(size).bytes);
  }, 0);
}

/**
 * Path-dependent TreeSHAP (Lundberg et al. 2018) for a block of rows: the Shapley values of the game in which a known
 * column sends a row down its own side of a split, and an unknown one sends it down both, in proportion to the training
 * rows.
 *
 * A leaf is worth Π oᵢ over known and Π zᵢ over unknown columns of its path: oᵢ is 1 if the row takes all of the path's
 * splits by column i, else 0; zᵢ is the share of training rows that take them. The Shapley value of such a product is
 * (oᵢ − zᵢ)·∫₀¹ Π_{j≠i}(oⱼt + zⱼ(1 − t))dt (Owen 1972), a polynomial that Gauss's rule integrates exactly. All leaves of a
 * subtree share the factors above it, so that one descent gives the values of Lundberg's Algorithm 2 in O(leaves · depth)
 * instead of O(leaves · depth²), as Linear TreeSHAP (Yu et al. 2022) does with interpolation.
 *
 * The edges are the same for all rows, and each has one of three factors for a row. So the walk goes along them once, in
 * WebAssembly, with all rows. It keeps its own stack, to stop after some edges and go on in another turn of the event loop.
 */
export class TreeWalk {
  /** By output: mean over the training rows, of the trees that were walked. */
  readonly base: Float64Array;
  /** Outputs that the leaves of the present tree name, of those that are wanted, and the tree's columns. */
  private outputs: readonly number[] = [];
  private players: readonly number[] = [];
  /** By column, of the players: its position among them. */
  private readonly playerOf: Int32Array;
  private places!: WalkPlaces;
  private points = 0;
  private kernel!: WalkKernel;
  private readonly kernels = new Map<number, WalkKernel>();
  private frame = 0;
  private ground = 0;
  private readonly words: Int32Array;
  private readonly floats: Float32Array;
  private readonly doubles: Float64Array;

  /**
   * @param columns of the matrix that the forest reads.
   * @param wanted outputs to divide; of the others nothing is found.
   * @param rows of the block.
   * @param memory of at least `walkBytes`, which nothing else uses meanwhile.
   */
  constructor(
    private readonly compiled: CoveredForest,
    columns: number,
    private readonly wanted: readonly number[],
    private readonly rows: number,
    private readonly memory: WebAssembly.Memory,
  ) {
    this.base = new Float64Array(compiled.forest.width);
    this.playerOf = new Int32Array(columns).fill(-1);
    this.words = new Int32Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
    this.doubles = new Float64Array(memory.buffer);
  }

  /** Where the slots of the block's rows have to be. */
  get slots(): SlotTarget {
    return { values: this.floats, at: SLOTS_AT / WORD, stride: 0, lanes: this.rows };
  }

  /** Begins with a tree. */
  enter(tree: number): void {
    const { forest, slots } = this.compiled;
    const [root, nodes, leaf] = [forest.roots[tree]!, forest.sizes[tree]!, forest.firstLeaves[tree]!];
    this.findPlayers(root, nodes);
    this.outputs = this.findOutputs(leaf, (nodes + 1) / 2);
    this.frame = this.ground = 0;
    if (this.outputs.length === 0) return;
    if (nodes === 1) {
      for (const k of this.outputs) this.base[k]! += forest.leaves[leaf * forest.width + k]!;
      this.outputs = [];
      return;
    }
    const rule = gaussLegendre(pointsFor(Math.min(forest.depths[tree]!, this.players.length)));
    this.points = rule.points.length;
    this.places = placesFor({
      nodes,
      levels: forest.depths[tree]! + 1,
      points: this.points,
      players: this.players.length,
      outputs: this.outputs.length,
      slots: slots.kinds.length,
      rows: this.rows,
    });
    this.kernel = this.kernelFor(rule);
    this.copyTree(root, nodes, leaf);
    this.clear(rule.weights, forest.depths[tree]! + 1, root);
  }

  /**
   * Goes on with the tree.
   * @param steps that may be taken; an edge costs a row one for each point and output, and as much as 32 of them itself.
   * @returns false if there is more to do after them.
   */
  run(steps: number): boolean {
    if (this.frame !== this.ground) {
      this.frame = this.kernel(this.frame, steps, 32 + this.rows * this.outputs.length * this.points);
    }
    return this.frame === this.ground;
  }

  /** Adds what the tree gave to the rows of the block. @param origins by column: where its contributions are added. */
  settle(origins: Int32Array, sums: readonly RowSums[]): void {
    const { doubles, outputs, points, players, places } = this;
    if (outputs.length === 0) return;
    outputs.forEach((k, n) => (this.base[k]! += doubles[places.base / DOUBLE + n]!));
    const width = sums[0]!.contributions.length / this.compiled.forest.width;
    let at = places.parts / DOUBLE;
    for (const column of players) {
      for (const { contributions } of sums) {
        for (const k of outputs) {
          let sum = 0;
          for (const end = at + points; at < end; at++) sum += doubles[at]!;
          contributions[k * width + origins[column]!]! += sum;
        }
      }
    }
  }

  private findPlayers(root: number, nodes: number): void {
    const { forest, slots } = this.compiled;
    const { words, slotBits } = forest;
    const mask = (1 << slotBits) - 1;
    for (const column of this.players) this.playerOf[column] = -1;
    const found: number[] = [];
    for (let node = root; node < root + nodes; node++) {
      const word = words[2 * node + 1]!;
      if (word >>> slotBits === node) continue;
      const column = slots.features[word & mask]!;
      if (this.playerOf[column]! < 0) this.playerOf[column] = found.push(column) - 1;
    }
    this.players = found;
  }

  private findOutputs(first: number, count: number): number[] {
    const { leaves, width } = this.compiled.forest;
    return this.wanted.filter((k) => {
      for (let at = first * width + k; at < (first + count) * width; at += width) if (leaves[at] !== 0) return true;
      return false;
    });
  }

  private kernelFor(rule: Quadrature): WalkKernel {
    let kernel = this.kernels.get(rule.points.length);
    if (!kernel) {
      kernel = walkKernel(rule, this.compiled.forest.slotBits, this.memory);
      this.kernels.set(rule.points.length, kernel);
    }
    return kernel;
  }

  private copyTree(root: number, nodes: number, firstLeaf: number): void {
    const { words, floats, places, outputs, compiled } = this;
    const { forest, covers, slots } = compiled;
    const { width } = forest;
    words.set(forest.words.subarray(2 * root, 2 * (root + nodes)), places.nodes / WORD);
    floats.set(covers.subarray(root, root + nodes), places.covers / WORD);
    let to = places.leaves / WORD;
    for (let leaf = firstLeaf; leaf < firstLeaf + (nodes + 1) / 2; leaf++) {
      for (const k of outputs) floats[to++] = forest.leaves[leaf * width + k]!;
    }
    const head = (place: number, value: number): void => void (words[place / WORD] = value);
    head(HEAD.nodes, places.nodes - 2 * WORD * root);
    head(HEAD.covers, places.covers - WORD * root);
    head(HEAD.leaves, places.leaves - WORD * outputs.length * firstLeaf);
    head(HEAD.base, places.base);
    head(HEAD.playerOf, places.playerOf);
    head(HEAD.slots, SLOTS_AT);
    head(HEAD.outputs, outputs.length);
    head(HEAD.rows, this.rows);
    head(HEAD.ground, places.ground);
    head(HEAD.frame, places.frame);
    head(HEAD.products, places.products);
    head(HEAD.sums, places.sums);
    slots.features.forEach((column, slot) => {
      const player = this.playerOf[column]!;
      if (player >= 0) words[places.playerOf / WORD + slot] = places.players + player * PLAYER.bytes;
    });
  }

  /** Two frames at the start: the ground, where every column is hot, and the root, which changes nothing there. */
  private clear(weights: Float64Array, levels: number, root: number): void {
    const { words, doubles, places, rows, points, players } = this;
    const { ground, frame, parts, part } = places;
    doubles.fill(0, ground / DOUBLE, (ground + (levels + 1) * frame) / DOUBLE);
    doubles.fill(0, places.base / DOUBLE, places.base / DOUBLE + this.outputs.length);
    doubles.fill(0, parts / DOUBLE, (parts + (players.length + 1) * part) / DOUBLE);
    for (let level = 0; level <= levels; level++) {
      const table = (ground + level * frame + FRAME.table) / DOUBLE;
      doubles.fill(1, table, table + points);
    }
    for (let player = 0; player <= players.length; player++) {
      const at = (places.players + player * PLAYER.bytes) / WORD;
      words[at + PLAYER.last / WORD] = ground;
      words[at + PLAYER.parts / WORD] = parts + player * part;
    }
    const first = ground + frame;
    const bytes = new Uint8Array(this.memory.buffer);
    for (const at of [ground, first]) bytes.fill(TURN.HOT, at + places.turns, at + places.turns + rows);
    doubles[(ground + FRAME.inverse) / DOUBLE] = 1;
    doubles[(first + FRAME.share) / DOUBLE] = 1;
    words[(first + FRAME.node) / WORD] = words[HEAD.nodes / WORD]! + 2 * WORD * root;
    words[(first + FRAME.player) / WORD] = places.players + players.length * PLAYER.bytes;
    words[(first + FRAME.before) / WORD] = ground;
    for (let row = 0; row < rows; row++) doubles.set(weights, (first + places.products) / DOUBLE + row * points);
    [this.ground, this.frame] = [ground, first];
  }
}

/** Points for the integral over products of so many factors, one of which is left out; an even number. */
function pointsFor(players: number): number {
  return Math.max(2, 2 * Math.ceil(players / 4));
}
