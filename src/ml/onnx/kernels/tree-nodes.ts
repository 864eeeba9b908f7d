import type { NodeReader } from './kernel.js';

/** The `nodes_*` attributes of a tree ensemble, checked for equal lengths, with children as indices into these lists. */
export interface TreeNodes {
  readonly count: number;
  readonly modes: readonly string[];
  readonly features: ArrayLike<number>;
  readonly values: Float32Array;
  readonly missingTracksTrue: ArrayLike<number>;
  /** How often each node is met; empty if the graph does not say. */
  readonly hitRates: Float32Array;
  /** Index of the first node of each tree, which is its root. */
  readonly roots: readonly number[];
  readonly trueChild: Int32Array;
  readonly falseChild: Int32Array;
}

/** Where the leaves' outputs stand: leaf (index into the nodes), output number, value. */
export interface LeafWeights {
  readonly leaves: Int32Array;
  readonly outputs: ArrayLike<number>;
  readonly weights: Float32Array;
}

export interface Trees {
  readonly nodes: TreeNodes;
  readonly weights: LeafWeights;
}

/** Finds nodes by tree id and node id. Ids that count up within a tree, as nearly all writers number them, need no map. */
class NodeIndex {
  private readonly starts = new Map<number, number>();
  private readonly others = new Map<string, number>();
  readonly roots: number[] = [];

  constructor(
    private readonly node: NodeReader,
    private readonly treeIds: ArrayLike<number>,
    private readonly nodeIds: ArrayLike<number>,
  ) {
    for (let i = 0; i < treeIds.length; i++) {
      const tree = treeIds[i]!;
      if (i === 0 || tree !== treeIds[i - 1]) this.begin(tree, i);
      if (nodeIds[i] !== i - this.roots[this.roots.length - 1]!) this.others.set(`${tree} ${nodeIds[i]!}`, i);
    }
  }

  find(tree: number, id: number): number {
    const other = this.others.size > 0 ? this.others.get(`${tree} ${id}`) : undefined;
    const index = other ?? (this.starts.get(tree) ?? NaN) + id;
    if (this.treeIds[index] !== tree || this.nodeIds[index] !== id) {
      throw this.node.unsupported(`node ${id} of tree ${tree} is referred to but not there`);
    }
    return index;
  }

  private begin(tree: number, index: number): void {
    if (this.starts.has(tree)) throw this.node.unsupported(`the nodes of tree ${tree} are not adjacent`);
    this.starts.set(tree, index);
    this.roots.push(index);
  }
}

/** The attributes that describe the trees; the others of a tree ensemble say what becomes of their sums. */
export function isTreeAttribute(name: string): boolean {
  return /^(nodes|target|class)_/.test(name);
}

export function readTrees(node: NodeReader, prefix: 'target' | 'class'): Trees {
  node.refuse(
    'nodes_values_as_tensor',
    'nodes_hitrates_as_tensor',
    `${prefix}_weights_as_tensor`,
    'base_values_as_tensor',
  );
  const treeIds = node.ints('nodes_treeids');
  const count = treeIds.length;
  if (count === 0) throw node.unsupported('it has no nodes');
  const nodeIds = sized(node, 'nodes_nodeids', count);
  const modes = node.strings('nodes_modes');
  const values = node.floats('nodes_values');
  if (modes.length !== count || values.length !== count) throw node.unsupported('its node lists differ in length');
  const index = new NodeIndex(node, treeIds, nodeIds);
  const child = (name: string): Int32Array => {
    const ids = sized(node, name, count);
    const children = new Int32Array(count);
    for (let i = 0; i < count; i++) children[i] = modes[i] === 'LEAF' ? -1 : index.find(treeIds[i]!, ids[i]!);
    return children;
  };
  const nodes: TreeNodes = {
    count,
    modes,
    values,
    features: sized(node, 'nodes_featureids', count),
    missingTracksTrue: node.has('nodes_missing_value_tracks_true')
      ? sized(node, 'nodes_missing_value_tracks_true', count)
      : new Uint8Array(count),
    hitRates: node.floats('nodes_hitrates'),
    roots: index.roots,
    trueChild: child('nodes_truenodeids'),
    falseChild: child('nodes_falsenodeids'),
  };
  return { nodes, weights: readWeights(node, prefix, index) };
}

function readWeights(node: NodeReader, prefix: 'target' | 'class', index: NodeIndex): LeafWeights {
  const weights = node.floats(`${prefix}_weights`);
  const treeIds = sized(node, `${prefix}_treeids`, weights.length);
  const nodeIds = sized(node, `${prefix}_nodeids`, weights.length);
  const leaves = new Int32Array(weights.length);
  for (let i = 0; i < weights.length; i++) leaves[i] = index.find(treeIds[i]!, nodeIds[i]!);
  return { leaves, outputs: sized(node, `${prefix}_ids`, weights.length), weights };
}

function sized(node: NodeReader, name: string, count: number): ArrayLike<number> {
  const list = node.ints(name);
  if (list.length !== count) throw node.unsupported(`${name} has ${list.length} entries where ${count} are needed`);
  return list;
}
