import type { Forest } from './forest.js';
import { LEAF_MASK, LEAF_NAN } from './forest.js';
import type { NodeReader } from './kernel.js';
import type { SlotKind, Slots } from './slots.js';
import { SLOT, SlotTable } from './slots.js';
import type { LeafWeights, TreeNodes } from './tree-nodes.js';

/** A node's test in the compiled form: rows whose slot exceeds the threshold go to `right`. */
interface Split {
  readonly slot: number;
  readonly threshold: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Lays the trees out breadth first, siblings adjacent, trees ordered by depth so that those walked together end
 * together. `features` is the width of the operator's input.
 */
export function compileForest(
  node: NodeReader,
  nodes: TreeNodes,
  weights: LeafWeights,
  width: number,
  features: number,
): { forest: Forest; slots: Slots } {
  const table = new SlotTable();
  const splits = new SplitReader(node, nodes, features, table);
  const order = new Int32Array(nodes.count);
  const children = new Int32Array(nodes.count);
  const trees: { root: number; depth: number }[] = [];
  const words = new Int32Array(2 * nodes.count);
  const thresholds = new Float32Array(words.buffer);
  const slotOf = new Int32Array(nodes.count);
  let placed = 0;
  let leafCount = 0;
  const leafOf = new Int32Array(nodes.count).fill(-1);
  for (const root of nodes.roots) {
    const start = placed;
    order[placed++] = root;
    let depth = -1;
    for (let at = start, levelEnd = start; at < placed; at++) {
      if (at === levelEnd) {
        depth++;
        levelEnd = placed;
      }
      const source = order[at]!;
      if (nodes.modes[source] === 'LEAF') {
        if (leafOf[source]! >= 0) throw node.unsupported('a leaf is the child of two nodes');
        children[at] = at;
        leafOf[source] = leafCount;
        words[2 * at] = LEAF_NAN | leafCount++;
        continue;
      }
      if (placed + 2 > nodes.count) throw node.unsupported('a node is the child of two others');
      const split = splits.read(source);
      thresholds[2 * at] = split.threshold;
      slotOf[at] = split.slot;
      children[at] = placed;
      order[placed++] = split.left;
      order[placed++] = split.right;
    }
    trees.push({ root: start, depth });
  }
  const slotBits = Math.ceil(Math.log2(Math.max(2, table.size)));
  if (leafCount > LEAF_MASK || placed > 2 ** (32 - slotBits)) throw node.unsupported('the forest is too large');
  for (let at = 0; at < placed; at++) words[2 * at + 1] = (children[at]! << slotBits) | slotOf[at]!;
  trees.sort((a, b) => a.depth - b.depth);
  const forest: Forest = {
    words,
    thresholds,
    slotBits,
    roots: Int32Array.from(trees, (tree) => tree.root),
    depths: Int32Array.from(trees, (tree) => tree.depth),
    leaves: leafRows(node, weights, leafOf, leafCount, width),
    width,
  };
  return { forest, slots: table.build() };
}

function leafRows(
  node: NodeReader,
  weights: LeafWeights,
  leafOf: Int32Array,
  leafCount: number,
  width: number,
): Float32Array {
  const rows = new Float32Array(leafCount * width);
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
  return rows;
}

/** Rewrites the six branch modes as "slot > threshold goes right". */
class SplitReader {
  constructor(
    private readonly node: NodeReader,
    private readonly nodes: TreeNodes,
    private readonly features: number,
    private readonly table: SlotTable,
  ) {}

  read(index: number): Split {
    const { modes, values, features, missingTracksTrue, trueChild, falseChild } = this.nodes;
    const feature = features[index]!;
    const value = values[index]!;
    if (feature < 0 || feature >= this.features) {
      throw this.node.unsupported(`feature ${feature} of ${this.features} is asked for`);
    }
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
