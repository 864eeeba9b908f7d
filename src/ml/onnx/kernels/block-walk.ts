import { f32, f64, i32, type I32, type Statement } from '../../wasm/expressions.js';
import { compileKernels, countDown, defineFunction, instantiate, type Local } from '../../wasm/module.js';
import { LEAF_MASK } from './forest.js';

/** Rows that go down a tree together: enough to hide the latency of memory, and few enough for the registers. */
export const LANES = 8;

/** Bytes of a float32, of a float64, of a group of lanes of one slot, and of a node, as exponents of two. */
const LOG_FLOAT = 2;
const LOG_DOUBLE = 3;
const LOG_GROUP = 5;
const LOG_NODE = 3;

/**
 * Walks rows, LANES at a time, down one tree, and adds the values of the leaf that each reached to its sums.
 *
 * @param tree address where node 0 of the forest would lie, so that the tree's nodes lie where their numbers say.
 * @param root address of the tree's root.
 * @param depth steps to the deepest leaf, at least 1.
 * @param slots address of the rows: for each group of LANES rows, slot by slot, a float32 a lane.
 * @param groupBytes of one group there.
 * @param leaves address where leaf 0 of the forest would lie: `width` float32 values.
 * @param width at least 1.
 * @param sums address of the rows' sums, `width` float64 values each.
 * @param groups number of groups, at least 1.
 */
export type BlockWalk = (
  tree: number,
  root: number,
  depth: number,
  slots: number,
  groupBytes: number,
  leaves: number,
  width: number,
  sums: number,
  groups: number,
) => void;

const modules = new Map<number, WebAssembly.Module>();

/**
 * The walk for nodes with that many bits of slot, over a memory. It is the loop of `walk` in forest.ts, without a check
 * of bounds at each access; that is what WebAssembly is for here.
 */
export function blockWalk(slotBits: number, memory: WebAssembly.Memory): BlockWalk {
  let module = modules.get(slotBits);
  if (!module) modules.set(slotBits, (module = compileKernels([walk(slotBits)], 'OWN')));
  return instantiate(module, memory)['walk'] as BlockWalk;
}

function walk(slotBits: number) {
  const parameters = ['tree', 'root', 'depth', 'slots', 'groupBytes', 'leaves', 'width', 'sums', 'groups'] as const;
  return defineFunction('walk', parameters, (given, declare) => {
    const { tree, root, depth, slots, groupBytes, leaves, width, sums, groups } = given;
    const [steps, word, leaf] = [declare('i32'), declare('i32'), declare('i32')];
    const nodes = Array.from({ length: LANES }, () => declare('i32'));
    const next = (node: I32, lane: number): I32 => nextNode(node, lane, slotBits, { tree, slots, word });
    const group = [
      ...nodes.map((node) => node.set(root)),
      steps.set(depth),
      countDown(
        steps,
        nodes.map((node, lane) => node.set(next(node, lane))),
      ),
      ...nodes.flatMap((node) => addLeaf(node, { leaves, width, sums, leaf, left: steps })),
      slots.set(i32.add(slots, groupBytes)),
    ];
    return [countDown(groups, group)];
  });
}

/** Adds the values of the leaf at `node` to the sums, and goes on to those of the next row. */
function addLeaf(
  node: I32,
  { leaves, width, sums, leaf, left }: Readonly<Record<'leaves' | 'width' | 'sums' | 'leaf' | 'left', Local<'i32'>>>,
): Statement[] {
  const row = i32.and(i32.load(node), i32.const(LEAF_MASK));
  return [
    leaf.set(i32.add(leaves, i32.shl(i32.mul(row, width), i32.const(LOG_FLOAT)))),
    left.set(width),
    countDown(left, [
      f64.store(sums, f64.add(f64.load(sums), f64.fromF32(f32.load(leaf)))),
      leaf.set(i32.add(leaf, i32.const(1 << LOG_FLOAT))),
      sums.set(i32.add(sums, i32.const(1 << LOG_DOUBLE))),
    ]),
  ];
}

/** tree + 8 × (left child + (slot > threshold)), from the node that a lane stands at. */
function nextNode(
  node: I32,
  lane: number,
  slotBits: number,
  { tree, slots, word }: Readonly<Record<'tree' | 'slots' | 'word', Local<'i32'>>>,
): I32 {
  const child = i32.shrU(word.tee(i32.load(node, 4)), i32.const(slotBits));
  const slot = i32.shl(i32.and(word, i32.const((1 << slotBits) - 1)), i32.const(LOG_GROUP));
  const value = f32.load(i32.add(slots, slot), lane << LOG_FLOAT);
  const right = f32.greater(value, f32.load(node));
  return i32.add(tree, i32.shl(i32.add(child, right), i32.const(LOG_NODE)));
}
