/**
 * A compiled forest. Nodes are two 32-bit words each, so that a step touches one cache line:
 * word 0 is the threshold (float32), word 1 holds the index of the left child above `slotBits` bits of the slot.
 * The right child follows the left one. A leaf is its own left child and its threshold is a NaN whose payload is the
 * leaf's row in `leaves`: no comparison with NaN holds, so a leaf loops to itself, whatever the row.
 */
export interface Forest {
  readonly words: Int32Array;
  /** Same memory as `words`. */
  readonly thresholds: Float32Array;
  readonly slotBits: number;
  readonly roots: Int32Array;
  /** Nodes of each tree, which lie together from its root. */
  readonly sizes: Int32Array;
  /** Row in `leaves` of the first leaf of each tree; the others follow. */
  readonly firstLeaves: Int32Array;
  /** Edges to the deepest leaf, per tree. */
  readonly depths: Int32Array;
  /** Row-major [leaves, width]. */
  readonly leaves: Float32Array;
  readonly width: number;
}

/** The slots that a forest's nodes compare, see `SLOT`. */
export interface Slots {
  readonly kinds: Uint8Array;
  readonly features: Int32Array;
  readonly operands: Float32Array;
}

/** All that walking a tree ensemble takes, as plain data; its large arrays are memory that threads share. */
export interface CompiledForest {
  readonly forest: Forest;
  readonly slots: Slots;
  /** Training rows by node, in the order of the forest's nodes; absent if the graph does not tell them. */
  readonly covers?: Float32Array;
  /** True if no leaf takes anything away from a sum. */
  readonly positive: boolean;
  /** True if every leaf names the last output, be it with a zero. */
  readonly lastOutputInAllLeaves: boolean;
  /** True if every leaf names every output, be it with a zero. */
  readonly allOutputsInAllLeaves: boolean;
}

export const LEAF_NAN = 0x7fc00000;
export const LEAF_MASK = 0x003fffff;

/** Trees that a row goes down together: enough to hide the latency of memory. */
const IN_FLIGHT = 8;

/** Steps between two looks at whether all walkers are done: few paths are as long as a deep tree's longest one. */
const STRIDE = 16;

/** Leaf rows reached by the walkers in flight; shared, since a walk never yields. */
const reached = new Int32Array(IN_FLIGHT);

/** Adds the forest's sums for one row of slots at `slots[at…]` to `sums[to…]`. */
export function sumForRow(forest: Forest, slots: Float32Array, at: number, sums: Float64Array, to: number): void {
  const { roots, leaves, width } = forest;
  for (let tree = 0; tree < roots.length; tree += IN_FLIGHT) {
    walk(forest, tree, slots, at);
    const count = Math.min(IN_FLIGHT, roots.length - tree);
    for (let i = 0; i < count; i++) addLeaf(leaves, reached[i]! * width, sums, to, width);
  }
}

/**
 * Walks down the trees from `tree` on, in lockstep. There is no branch on the data: the comparison itself is added to the
 * left child's index, and a walker that is done steps on the spot. Where trees run out, the last one is repeated.
 */
function walk(
  { words, thresholds, slotBits, roots, depths }: Forest,
  tree: number,
  slots: Float32Array,
  at: number,
): void {
  const mask = (1 << slotBits) - 1;
  const last = roots.length - 1;
  let a = roots[Math.min(tree + 0, last)]!;
  let b = roots[Math.min(tree + 1, last)]!;
  let c = roots[Math.min(tree + 2, last)]!;
  let d = roots[Math.min(tree + 3, last)]!;
  let e = roots[Math.min(tree + 4, last)]!;
  let f = roots[Math.min(tree + 5, last)]!;
  let g = roots[Math.min(tree + 6, last)]!;
  let h = roots[Math.min(tree + 7, last)]!;
  // Trees are sorted by depth.
  for (let left = depths[Math.min(tree + IN_FLIGHT - 1, last)]!; left > 0; left -= STRIDE) {
    for (let step = Math.min(left, STRIDE); step > 0; step--) {
      const aWord = words[2 * a + 1]!;
      a = (aWord >>> slotBits) + Number(slots[at + (aWord & mask)]! > thresholds[2 * a]!);
      const bWord = words[2 * b + 1]!;
      b = (bWord >>> slotBits) + Number(slots[at + (bWord & mask)]! > thresholds[2 * b]!);
      const cWord = words[2 * c + 1]!;
      c = (cWord >>> slotBits) + Number(slots[at + (cWord & mask)]! > thresholds[2 * c]!);
      const dWord = words[2 * d + 1]!;
      d = (dWord >>> slotBits) + Number(slots[at + (dWord & mask)]! > thresholds[2 * d]!);
      const eWord = words[2 * e + 1]!;
      e = (eWord >>> slotBits) + Number(slots[at + (eWord & mask)]! > thresholds[2 * e]!);
      const fWord = words[2 * f + 1]!;
      f = (fWord >>> slotBits) + Number(slots[at + (fWord & mask)]! > thresholds[2 * f]!);
      const gWord = words[2 * g + 1]!;
      g = (gWord >>> slotBits) + Number(slots[at + (gWord & mask)]! > thresholds[2 * g]!);
      const hWord = words[2 * h + 1]!;
      h = (hWord >>> slotBits) + Number(slots[at + (hWord & mask)]! > thresholds[2 * h]!);
    }
    if (left > STRIDE && areLeaves(words, slotBits, [a, b, c, d, e, f, g, h])) break;
  }
  reached[0] = words[2 * a]! & LEAF_MASK;
  reached[1] = words[2 * b]! & LEAF_MASK;
  reached[2] = words[2 * c]! & LEAF_MASK;
  reached[3] = words[2 * d]! & LEAF_MASK;
  reached[4] = words[2 * e]! & LEAF_MASK;
  reached[5] = words[2 * f]! & LEAF_MASK;
  reached[6] = words[2 * g]! & LEAF_MASK;
  reached[7] = words[2 * h]! & LEAF_MASK;
}

function areLeaves(words: Int32Array, slotBits: number, nodes: readonly number[]): boolean {
  return nodes.every((node) => words[2 * node + 1]! >>> slotBits === node);
}

function addLeaf(leaves: Float32Array, leaf: number, sums: Float64Array, to: number, width: number): void {
  for (let i = 0; i < width; i++) sums[to + i]! += leaves[leaf + i]!;
}
