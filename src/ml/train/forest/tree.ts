import { Random } from '../../statistics/random.js';
import { ClassRows } from './class-rows.js';
import { type Tree, TreeBuilder } from '../trees/tree.js';
import type { ForestData } from './data.js';
import { MeanRows } from './mean-rows.js';
import type { NodeRows, Split } from './node-rows.js';
import { TwoClassRows } from './two-class-rows.js';
import { drawWeighted } from './weighted-draws.js';

interface Pending {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/**
 * Grows tree number `index` of a forest (Breiman 2001): a bootstrap sample of the rows, and at every node the best split
 * among a random choice of columns. It depends on the data, the seed and its number only, not on other trees.
 *
 * Histograms are built for the chosen columns alone. Deriving a child's from those of its parent and sibling would need
 * the histograms of all columns at every node, which is more work unless most columns are tried.
 */
export function growTree(data: ForestData, index: number): Tree {
  const random = new Random(data.seed, index + 1);
  const rows = bootstrap(data, random);
  const order = Uint32Array.from(data.columns.keys());
  const tree = new TreeBuilder(data.columns.length, data.outputs);
  const pending: Pending[] = [{ node: tree.addNode(), start: 0, end: rows.length, depth: 0 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, start, end, depth } = next;
    rows.enter(start, end);
    tree.covers[node] = rows.weight;
    const split = depth < data.maxDepth ? findSplit(data, rows, order, random) : undefined;
    if (!split) {
      rows.writeValues(tree.values, node * data.outputs);
      continue;
    }
    const middle = rows.partition(data.columns[split.column]!, split.bin, split.missing === 'LEFT');
    // A value that was never missing here follows the majority.
    const missingLeft = split.missing === 'NONE' ? middle - start >= end - middle : split.missing === 'LEFT';
    const left = tree.divide(node, split, missingLeft);
    pending.push({ node: left + 1, start: middle, end, depth: depth + 1 });
    pending.push({ node: left, start, end: middle, depth: depth + 1 });
  }
  return tree.build();
}

/** As many draws with replacement as there are rows; a row that weighs twice as much is drawn twice as often. */
function bootstrap(data: ForestData, random: Random): NodeRows {
  const drawn = new Uint16Array(data.rows);
  let distinct = 0;
  for (let i = 0; i < data.rows; i++) {
    const row = data.draws ? drawWeighted(data.draws, random) : random.below(data.rows);
    if (drawn[row]!++ === 0) distinct++;
  }
  const rows = new Uint32Array(distinct);
  const weights = new Float64Array(distinct);
  for (let row = 0, i = 0; row < data.rows; row++) {
    if (drawn[row] === 0) continue;
    rows[i] = row;
    weights[i++] = drawn[row]!;
  }
  if (data.outputs > 1) return new ClassRows(rows, weights, data.target, data.outputs);
  return data.isTwoClasses ? new TwoClassRows(rows, weights, data.target) : new MeanRows(rows, weights, data.target);
}

/** The best split among `maxFeatures` columns drawn at random, and more if none of them divides the node. */
function findSplit(data: ForestData, rows: NodeRows, order: Uint32Array, random: Random): Split | undefined {
  if (rows.weight < 2 * data.minLeaf || rows.pure) return undefined;
  const best: Split = { column: -1, bin: 0, missing: 'NONE', gain: 0 };
  for (let tried = 0; tried < order.length; tried++) {
    if (tried >= data.maxFeatures && best.column >= 0) break;
    const chosen = tried + random.below(order.length - tried);
    const column = order[chosen]!;
    order[chosen] = order[tried]!;
    order[tried] = column;
    rows.search(column, data.columns[column]!, data.bins[column]!, data.minLeaf, best);
  }
  return best.column >= 0 ? best : undefined;
}
