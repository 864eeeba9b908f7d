import type { BlockWalk } from './block-walk.js';
import { blockWalk, LANES } from './block-walk.js';
import type { Forest } from './forest.js';
import type { SlotTarget } from './slots.js';

/** Fewer rows are done row by row before their trees are copied. */
const MIN_ROWS = 32;

/** The largest tree that is copied: 16 MB, so that a thread's memory stays bounded. */
const MAX_TREE_NODES = 1 << 21;

const PAGE_BYTES = 65_536;

/**
 * One memory for all block walks of a thread, which never yield: the rows' slots, their sums, and the tree that they go
 * down, nodes and leaves. Trees are copied in one by one. That costs little beside walking a block of rows down each,
 * brings the tree close to the processor, and leaves forests ordinary arrays that the garbage collector owns.
 */
const memory = new WebAssembly.Memory({ initial: 1 });
let words = new Int32Array(memory.buffer);
let floats = new Float32Array(memory.buffer);

const walks = new Map<number, BlockWalk>();

/** Whether `sumForBlock` takes these rows, and is faster at it than `sumForRow`. */
export function isWorthABlock(forest: Forest, rows: number): boolean {
  return rows >= MIN_ROWS && forest.sizes.every((nodes) => nodes <= MAX_TREE_NODES);
}

/** Where the slots of a block have to be before `sumForBlock`. */
export function blockTarget(rows: number, slots: number): SlotTarget {
  const stride = LANES * slots;
  ensure(groupsOf(rows) * stride);
  return { values: floats, at: 0, stride, lanes: LANES };
}

/** Computes the forest's sums for the rows in the memory, row-major [rows, width]. */
export function sumForBlock(forest: Forest, slots: number, rows: number, sums: Float64Array): void {
  const { roots, sizes, depths, firstLeaves, leaves, width } = forest;
  const groups = groupsOf(rows);
  const sumsAt = groups * LANES * slots;
  const treeAt = sumsAt + 2 * groups * LANES * width;
  const largest = sizes.reduce((most, nodes) => Math.max(most, nodes));
  ensure(treeAt + 2 * largest + leavesOf(largest) * width);
  words.fill(0, sumsAt, treeAt);
  const walk = walkFor(forest.slotBits);
  for (let tree = 0; tree < roots.length; tree++) {
    const [root, size, leaf] = [roots[tree]!, sizes[tree]!, firstLeaves[tree]!];
    const leavesAt = treeAt + 2 * size;
    words.set(forest.words.subarray(2 * root, 2 * (root + size)), treeAt);
    floats.set(leaves.subarray(leaf * width, (leaf + leavesOf(size)) * width), leavesAt);
    // A tree that is a leaf takes one step on the spot.
    const depth = Math.max(1, depths[tree]!);
    const [nodes, values] = [4 * treeAt - 8 * root, 4 * (leavesAt - leaf * width)];
    walk(nodes, 4 * treeAt, depth, 0, 4 * LANES * slots, values, width, 4 * sumsAt, groups);
  }
  sums.set(new Float64Array(memory.buffer, 4 * sumsAt, rows * width));
}

/** Every split has two children, so that a tree of n nodes has (n + 1) / 2 leaves. */
function leavesOf(nodes: number): number {
  return (nodes + 1) / 2;
}

/** Lanes beyond the last row walk over what the memory holds there; nobody asks where they end. */
function groupsOf(rows: number): number {
  return Math.ceil(rows / LANES);
}

function walkFor(slotBits: number): BlockWalk {
  let walk = walks.get(slotBits);
  if (!walk) walks.set(slotBits, (walk = blockWalk(slotBits, memory)));
  return walk;
}

/** Makes room for so many 32-bit words. */
function ensure(length: number): void {
  if (words.length >= length) return;
  memory.grow(Math.ceil((4 * length) / PAGE_BYTES) - memory.buffer.byteLength / PAGE_BYTES);
  words = new Int32Array(memory.buffer);
  floats = new Float32Array(memory.buffer);
}
