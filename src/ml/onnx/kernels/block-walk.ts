import type { Code } from '../wasm/assembler.js';
import {
  add,
  and,
  assemble,
  constant,
  countDown,
  get,
  greaterF32,
  loadF32,
  loadI32,
  set,
  shiftLeft,
  shiftRight,
  storeI32,
  tee,
} from '../wasm/assembler.js';
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

/** The walk's locals: its parameters, steps left, the word under work, then the node of every lane. */
const PARAMETER = { tree: 0, root: 1, depth: 2, slots: 3, groupBytes: 4, reached: 5, groups: 6 } as const;
const LOCAL = { ...PARAMETER, steps: 7, word: 8, nodes: 9 } as const;

const modules = new Map<number, WebAssembly.Module>();

/**
 * The walk for nodes with that many bits of slot, over a memory. It is the loop of `walk` in forest.ts, without a check
 * of bounds at each access; that is what WebAssembly is for here.
 */
export function blockWalk(slotBits: number, memory: WebAssembly.Memory): BlockWalk {
  let module = modules.get(slotBits);
  if (!module) modules.set(slotBits, (module = new WebAssembly.Module(assembleWalk(slotBits))));
  return new WebAssembly.Instance(module, { env: { memory } }).exports['run'] as BlockWalk;
}

function assembleWalk(slotBits: number): Uint8Array<ArrayBuffer> {
  const lanes = Array.from({ length: LANES }, (_, lane) => lane);
  const node = (lane: number): number => LOCAL.nodes + lane;
  const group = [
    ...lanes.map((lane) => set(node(lane), get(LOCAL.root))),
    set(LOCAL.steps, get(LOCAL.depth)),
    countDown(
      LOCAL.steps,
      lanes.map((lane) => set(node(lane), nextNode(node(lane), lane, slotBits))),
    ),
    ...lanes.map((lane) =>
      storeI32(get(LOCAL.reached), and(loadI32(get(node(lane)), 0), constant(LEAF_MASK)), lane << LOG_FLOAT),
    ),
    set(LOCAL.slots, add(get(LOCAL.slots), get(LOCAL.groupBytes))),
    set(LOCAL.reached, add(get(LOCAL.reached), constant(LANES << LOG_FLOAT))),
  ];
  return assemble(Object.keys(PARAMETER).length, 2 + LANES, [countDown(LOCAL.groups, group)]);
}

/** tree + 8 × (left child + (slot > threshold)), from the node that a lane stands at. */
function nextNode(node: number, lane: number, slotBits: number): Code {
  const child = shiftRight(tee(LOCAL.word, loadI32(get(node), 4)), constant(slotBits));
  const slot = shiftLeft(and(get(LOCAL.word), constant((1 << slotBits) - 1)), constant(LOG_GROUP));
  const value = loadF32(add(get(LOCAL.slots), slot), lane << LOG_FLOAT);
  const right = greaterF32(value, loadF32(get(node), 0));
  return add(get(LOCAL.tree), shiftLeft(add(child, right), constant(LOG_NODE)));
}
