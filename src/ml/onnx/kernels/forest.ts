/**
 * A compiled forest. Nodes are two 32-bit words each, so that a step touches one cache line:
 * word 0 is the threshold (float32), word 1 holds the index of the left child above `slotBits` bits of the slot.
 * The right child follows the left one. A leaf is its own left child and its threshold is a NaN whose payload is the
 * leaf's row in `leaves`: no comparison with NaN holds, so a leaf loops to itself, whatever the row.
 */
export interface Forest {
  readonly words: Int32Array<ArrayBuffer>;
  /** Same memory as `words`. */
  readonly thresholds: Float32Array;
  readonly slotBits: number;
  readonly roots: Int32Array;
  /** Nodes of each tree, which lie together from its root. */
  readonly sizes: Int32Array;
  /** Edges to the deepest leaf, per tree. */
  readonly depths: Int32Array;
  /** Row-major [leaves, width]. */
  readonly leaves: Float32Array<ArrayBuffer>;
  readonly width: number;
}

/** The slots that a forest's nodes compare, see `SLOT`. */
export interface Slots {
  readonly kinds: Uint8Array;
  readonly features: Int32Array;
  readonly operands: Float32Array;
}

/** All that walking a tree ensemble takes, as plain data. */
export interface CompiledForest {
  readonly forest: Forest;
  readonly slots: Slots;
  /** True if no leaf takes anything away from a sum. */
  readonly positive: boolean;
  /** True if every leaf names the last output, be it with a zero. */
  readonly lastOutputInAllLeaves: boolean;
}

export const LEAF_NAN = 0x7fc00000;
export const LEAF_MASK = 0x003fffff;

/** Steps between two looks at whether all walkers are done: few paths are as long as a tree's longest one. */
const STRIDE = 8;

/** Leaf rows reached by the walkers in flight; shared, since a walk never yields. */
const reached = new Int32Array(4);

/** Adds the forest's sums for one row of slots at `slots[at…]` to `sums[to…]`, four trees in flight. */
export function sumForRow(forest: Forest, slots: Float32Array, at: number, sums: Float64Array, to: number): void {
  const { roots, depths, leaves, width } = forest;
  const last = roots.length - 1;
  for (let tree = 0; tree <= last; tree += 4) {
    // The last group repeats its last tree, whose extra leaves are not added.
    const b = Math.min(tree + 1, last);
    const c = Math.min(tree + 2, last);
    const d = Math.min(tree + 3, last);
    const depth = Math.max(depths[tree]!, depths[b]!, depths[c]!, depths[d]!);
    walk(forest, slots, at, depth, roots[tree]!, roots[b]!, roots[c]!, roots[d]!);
    const count = d - tree + 1;
    for (let i = 0; i < count; i++) addLeaf(leaves, reached[i]! * width, sums, to, width);
  }
}

/**
 * Walks four trees down in lockstep. There is no branch on the data: the comparison itself is added to the left child's
 * index, and a walker that is done steps on the spot.
 */
function walk(
  forest: Forest,
  slots: Float32Array,
  at: number,
  depth: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  const { words, thresholds, slotBits } = forest;
  const mask = (1 << slotBits) - 1;
  for (let left = depth; left > 0; left -= STRIDE) {
    for (let step = Math.min(left, STRIDE); step > 0; step--) {
      const p = words[2 * a + 1]!;
      const q = words[2 * b + 1]!;
      const r = words[2 * c + 1]!;
      const s = words[2 * d + 1]!;
      a = (p >>> slotBits) + Number(slots[at + (p & mask)]! > thresholds[2 * a]!);
      b = (q >>> slotBits) + Number(slots[at + (q & mask)]! > thresholds[2 * b]!);
      c = (r >>> slotBits) + Number(slots[at + (r & mask)]! > thresholds[2 * c]!);
      d = (s >>> slotBits) + Number(slots[at + (s & mask)]! > thresholds[2 * d]!);
    }
    if (left > STRIDE && words[2 * a + 1]! >>> slotBits === a && words[2 * b + 1]! >>> slotBits === b) {
      if (words[2 * c + 1]! >>> slotBits === c && words[2 * d + 1]! >>> slotBits === d) break;
    }
  }
  reached[0] = words[2 * a]! & LEAF_MASK;
  reached[1] = words[2 * b]! & LEAF_MASK;
  reached[2] = words[2 * c]! & LEAF_MASK;
  reached[3] = words[2 * d]! & LEAF_MASK;
}

export function addLeaf(leaves: Float32Array, leaf: number, sums: Float64Array, to: number, width: number): void {
  for (let i = 0; i < width; i++) sums[to + i]! += leaves[leaf + i]!;
}
