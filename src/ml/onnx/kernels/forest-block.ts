import type { BlockWalk } from './block-walk.js';
import { blockWalk, LANES } from './block-walk.js';
import type { Forest } from './forest.js';
import { addLeaf } from './forest.js';
import type { SlotTarget } from './slots.js';

/** Fewer rows are done row by row before their trees are copied. */
const MIN_ROWS = 32;

/** The largest tree that is copied: 16 MB, so that a thread's memory stays bounded. */
const MAX_TREE_NODES = 1 << 21;

const PAGE_BYTES = 65_536;

/**
 * One memory for all block walks of a thread, which never yield: the rows' slots, the leaves that they reach, and the
 * tree that they go down. Trees are copied in one by one. That costs little beside walking a block of rows down each,
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

/** Adds the forest's sums for the rows in the memory to row-major `sums` [rows, width]. */
export function sumForBlock(forest: Forest, slots: number, rows: number, sums: Float64Array): void {
  const { roots, sizes, depths, leaves, width } = forest;
  const groups = groupsOf(rows);
  const reachedAt = groups * LANES * slots;
  const treeAt = reachedAt + groups * LANES;
  ensure(treeAt + 2 * Math.max(...sizes));
  const walk = walkFor(forest.slotBits);
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    words.set(forest.words.subarray(2 * root, 2 * (root + sizes[tree]!)), treeAt);
    // A tree that is a leaf takes one step on the spot.
    const depth = Math.max(1, depths[tree]!);
    walk(4 * treeAt - 8 * root, 4 * treeAt, depth, 0, 4 * LANES * slots, 4 * reachedAt, groups);
    for (let row = 0; row < rows; row++) addLeaf(leaves, words[reachedAt + row]! * width, sums, row * width, width);
  }
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
