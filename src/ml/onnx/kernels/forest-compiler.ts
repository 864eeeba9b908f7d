import type { CompiledForest, Forest } from './forest.js';
import { LEAF_MASK, LEAF_NAN } from './forest.js';
import type { NodeReader } from './kernel.js';
import type { SlotKind } from './slots.js';
import { SLOT, SlotTable } from './slots.js';
import type { LeafWeights, TreeNodes, Trees } from './tree-nodes.js';

/** Features are kept as int32; whether the input has so many columns is seen when it is known. */
const MAX_FEATURE = 0x7fffffff;

/** Rounding of float32 sums over many rows, relative to a node's count. */
const COVER_TOLERANCE = 1e-3;

/** A node's test in the compiled form: rows whose slot exceeds the threshold go to `right`. */
interface Split {
  readonly slot: number;
  readonly threshold: number;
  readonly left: number;
  readonly right: number;
}

/** Compiles trees into a forest whose leaves hold `width` values each. */
export function compileForest(node: NodeReader, { nodes, weights }: Trees, width: number): CompiledForest {
  const table = new SlotTable();
  const placement = new Placement(node, nodes, new SplitReader(node, nodes, table));
  // By depth, so that trees walked together end together.
  const trees = nodes.roots.map((root) => placement.placeTree(root)).sort((a, b) => a.depth - b.depth);
  const { rows, endsAll, namesAll } = leafRows(node, weights, placement.leafOf, placement.leafCount, width);
  const forest: Forest = {
    ...placement.finish(table.size),
    roots: Int32Array.from(trees, (tree) => tree.root),
    sizes: Int32Array.from(trees, (tree) => tree.size),
    firstLeaves: Int32Array.from(trees, (tree) => tree.firstLeaf),
    depths: Int32Array.from(trees, (tree) => tree.depth),
    leaves: rows,
    width,
  };
  const positive = weights.weights.every((weight) => weight >= 0);
  const covers = placement.covers();
  return {
    forest,
    slots: table.build(),
    ...(covers && { covers }),
    positive,
    lastOutputInAllLeaves: endsAll,
    allOutputsInAllLeaves: namesAll,
  };
}

/** By node of the compiled forest, its index in the lists of the graph: for what is to be written back to them. */
export function sourceNodesOf(node: NodeReader, { nodes }: Trees): Int32Array {
  const placement = new Placement(node, nodes, new SplitReader(node, nodes, new SlotTable()));
  for (const root of nodes.roots) placement.placeTree(root);
  return placement.sources;
}

/** Lays nodes out breadth first, siblings adjacent: the upper levels of a tree, which every row visits, lie together. */
class Placement {
  /** Number of the leaf that a source node became, −1 for others. */
  readonly leafOf: Int32Array;
  leafCount = 0;
  private placed = 0;
  /** Source node at each place, index of its left child, and its slot. */
  private readonly source: Int32Array;
  private readonly child: Int32Array;
  private readonly slot: Int32Array;
  private readonly words: Int32Array;
  private readonly thresholds: Float32Array;

  constructor(
    private readonly node: NodeReader,
    private readonly nodes: TreeNodes,
    private readonly splits: SplitReader,
  ) {
    this.leafOf = new Int32Array(nodes.count).fill(-1);
    this.source = new Int32Array(nodes.count);
    this.child = new Int32Array(nodes.count);
    this.slot = new Int32Array(nodes.count);
    this.words = new Int32Array(shared(2 * nodes.count));
    this.thresholds = new Float32Array(this.words.buffer);
  }

  get sources(): Int32Array {
    return this.source.subarray(0, this.placed);
  }

  placeTree(sourceRoot: number): { root: number; size: number; firstLeaf: number; depth: number } {
    const root = this.placed;
    const firstLeaf = this.leafCount;
    this.push(sourceRoot);
    let depth = -1;
    for (let at = root, levelEnd = root; at < this.placed; at++) {
      if (at === levelEnd) {
        depth++;
        levelEnd = this.placed;
      }
      const source = this.source[at]!;
      if (this.nodes.modes[source] === 'LEAF') this.placeLeaf(at, source);
      else this.placeSplit(at, source);
    }
    return { root, size: this.placed - root, firstLeaf, depth };
  }

  finish(slots: number): Pick<Forest, 'words' | 'thresholds' | 'slotBits'> {
    const { words, thresholds, child, slot, placed } = this;
    const slotBits = Math.ceil(Math.log2(Math.max(2, slots)));
    if (this.leafCount > LEAF_MASK || placed > 2 ** (32 - slotBits)) throw this.node.unsupported('it is too large');
    for (let at = 0; at < placed; at++) words[2 * at + 1] = (child[at]! << slotBits) | slot[at]!;
    return { words, thresholds, slotBits };
  }

  /**
   * The hit rates as counts of rows, by place. Exporters that know none write the same number everywhere, and hit rates
   * may be of other rows than those trained on: counts are told by a node's being the sum of its children's.
   */
  covers(): Float32Array | undefined {
    const { hitRates } = this.nodes;
    if (hitRates.length !== this.nodes.count) return undefined;
    const covers = new Float32Array(shared(this.placed));
    for (let at = 0; at < this.placed; at++) covers[at] = hitRates[this.source[at]!]!;
    for (let at = 0; at < this.placed; at++) {
      const cover = covers[at]!;
      if (!(cover > 0 && cover < Infinity)) return undefined;
      const left = this.child[at]!;
      if (left === at) continue;
      const error = Math.abs(covers[left]! + covers[left + 1]! - cover);
      if (!(error <= COVER_TOLERANCE * cover)) return undefined;
    }
    return covers;
  }

  private placeLeaf(at: number, source: number): void {
    if (this.leafOf[source]! >= 0) throw this.node.unsupported('a leaf is the child of two nodes');
    this.child[at] = at;
    this.leafOf[source] = this.leafCount;
    this.words[2 * at] = LEAF_NAN | this.leafCount;
    this.leafCount++;
  }

  private placeSplit(at: number, source: number): void {
    const { slot, threshold, left, right } = this.splits.read(source);
    this.thresholds[2 * at] = threshold;
    this.slot[at] = slot;
    this.child[at] = this.placed;
    this.push(left);
    this.push(right);
  }

  /** More places than nodes are only needed if some node is met twice, as in a cycle. */
  private push(source: number): void {
    if (this.placed === this.nodes.count) throw this.node.unsupported('a node is the child of two others');
    this.source[this.placed++] = source;
  }
}

function leafRows(
  node: NodeReader,
  weights: LeafWeights,
  leafOf: Int32Array,
  leafCount: number,
  width: number,
): { rows: Float32Array; endsAll: boolean; namesAll: boolean } {
  const rows = new Float32Array(shared(leafCount * width));
  const given = new Uint8Array(rows.length);
  for (let i = 0; i < weights.weights.length; i++) {
    const leaf = leafOf[weights.leaves[i]!]!;
    const output = weights.outputs[i]!;
    if (leaf < 0) throw node.unsupported('a weight belongs to a node that is no leaf of its tree');
    if (output < 0 || output >= width) throw node.unsupported(`a weight belongs to output ${output} of ${width}`);
    if (given[leaf * width + output]) throw node.unsupported('a leaf has two weights for one output');
    given[leaf * width + output] = 1;
    rows[leaf * width + output] = weights.weights[i]!;
  }
  let endsAll = true;
  for (let last = width - 1; last < given.length; last += width) endsAll &&= given[last] === 1;
  return { rows, endsAll, namesAll: given.every((one) => one === 1) };
}

/** Memory for so many words of 32 bits that threads can have in common: a forest is large, and never changes. */
function shared(words: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * words);
}

/** Rewrites the six branch modes as "slot > threshold goes right". */
class SplitReader {
  constructor(
    private readonly node: NodeReader,
    private readonly nodes: TreeNodes,
    private readonly table: SlotTable,
  ) {}

  read(index: number): Split {
    const { modes, values, features, missingTracksTrue, trueChild, falseChild } = this.nodes;
    const feature = features[index]!;
    const value = values[index]!;
    if (feature < 0 || feature > MAX_FEATURE) throw this.node.unsupported(`feature ${feature} is asked for`);
    if (!Number.isFinite(value)) throw this.node.unsupported(`a threshold is ${value}`);
    const yes = trueChild[index]!;
    const no = falseChild[index]!;
    const tracks = missingTracksTrue[index] === 1;
    const split = (kind: SlotKind, threshold: number, left: number, right: number): Split => {
      const operand = kind === SLOT.EQUAL || kind === SLOT.EQUAL_OR_MISSING ? value : 0;
      return { slot: this.table.number(kind, feature, operand), threshold, left, right };
    };
    switch (modes[index]) {
      case 'BRANCH_LEQ':
        return split(tracks ? SLOT.MISSING_LEFT : SLOT.MISSING_RIGHT, value, yes, no);
      case 'BRANCH_LT':
        return split(tracks ? SLOT.MISSING_LEFT : SLOT.MISSING_RIGHT, below(value), yes, no);
      case 'BRANCH_GT':
        return split(tracks ? SLOT.MISSING_RIGHT : SLOT.MISSING_LEFT, value, no, yes);
      case 'BRANCH_GTE':
        return split(tracks ? SLOT.MISSING_RIGHT : SLOT.MISSING_LEFT, below(value), no, yes);
      case 'BRANCH_EQ':
        return split(tracks ? SLOT.EQUAL_OR_MISSING : SLOT.EQUAL, 0.5, no, yes);
      case 'BRANCH_NEQ':
        // NaN differs from everything, so it takes the true branch whether missing values track it or not.
        return split(SLOT.EQUAL, 0.5, yes, no);
      default:
        throw this.node.unsupported(`mode ${modes[index] ?? ''} is unknown`);
    }
  }
}

const bits = new DataView(new ArrayBuffer(4));

/** The next smaller float32, so that x < value is x ≤ below(value). */
function below(value: number): number {
  if (value === 0) return -1.401298464324817e-45;
  bits.setFloat32(0, value);
  bits.setInt32(0, bits.getInt32(0) + (value > 0 ? -1 : 1));
  return bits.getFloat32(0);
}
