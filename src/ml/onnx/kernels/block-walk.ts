import { f32, i32, type I32 } from '../../wasm/expressions.js';
import { compileKernels, countDown, defineFunction, instantiate, type Local } from '../../wasm/module.js';
import { LEAF_MASK } from './forest.js';

/** Rows that go down a tree together: enough to hide the latency of memory, and few enough for the registers. */
export const LANES = 8;

/** Bytes of a float32, of a group of lanes of one slot, and of a node, as exponents of two. */
const LOG_FLOAT = 2;
const LOG_GROUP = 5;
const LOG_NODE = 3;

/**
 * Walks rows, LANES at a time, down one tree, and writes the leaf row that each reached as an int32.
 *
 * @param tree address where node 0 of the forest would lie, so that the tree's nodes lie where their numbers say.
 * @param root address of the tree's root.
 * @param depth steps to the deepest leaf, at least 1.
 * @param slots address of the rows: for each group of LANES rows, slot by slot, a float32 a lane.
 * @param groupBytes of one group there.
 * @param reached address of the answer.
 * @param groups number of groups, at least 1.
 */
export type BlockWalk = (
  tree: number,
  root: number,
  depth: number,
  slots: number,
  groupBytes: number,
  reached: number,
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
  const parameters = ['tree', 'root', 'depth', 'slots', 'groupBytes', 'reached', 'groups'] as const;
  return defineFunction('walk', parameters, (given, declare) => {
    const { tree, root, depth, slots, groupBytes, reached, groups } = given;
    const [steps, word] = [declare('i32'), declare('i32')];
    const nodes = Array.from({ length: LANES }, () => declare('i32'));
    const next = (node: I32, lane: number): I32 => nextNode(node, lane, slotBits, { tree, slots, word });
    const group = [
      ...nodes.map((node) => node.set(root)),
      steps.set(depth),
      countDown(
        steps,
        nodes.map((node, lane) => node.set(next(node, lane))),
      ),
      ...nodes.map((node, lane) =>
        i32.store(reached, i32.and(i32.load(node), i32.const(LEAF_MASK)), lane << LOG_FLOAT),
      ),
      slots.set(i32.add(slots, groupBytes)),
      reached.set(i32.add(reached, i32.const(LANES << LOG_FLOAT))),
    ];
    return [countDown(groups, group)];
  });
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
