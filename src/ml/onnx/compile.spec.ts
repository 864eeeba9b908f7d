import type { Batch } from '../schema/evaluator.js';
import type { TreeEnsemble } from '../schema/tree-ensemble.js';
import { compile } from './compile.js';
import { GraphBuilder } from './graph-builder.js';
import { ELEMENT, UnsupportedGraphError } from './model.js';
import type { OnnxAttribute, OnnxModel } from './model.js';

const STUMPS: TreeEnsemble = {
  roots: Int32Array.of(0, 3),
  feature: Int32Array.of(0, -1, -1, 1, -1, -1),
  threshold: Float32Array.of(0.1, 0, 0, 2, 0, 0),
  left: Int32Array.of(1, 0, 0, 4, 0, 0),
  right: Int32Array.of(2, 0, 0, 5, 0, 0),
  missingLeft: Uint8Array.of(0, 0, 0, 1, 0, 0),
  values: Float32Array.of(0, 1, 2, 0, 10, 20),
  width: 1,
};

function forestOf(trees: TreeEnsemble, columns: number): OnnxModel {
  const graph = new GraphBuilder();
  const inputs = Array.from({ length: columns }, (_, i) => graph.input(`x${i}`, 'float'));
  graph.output('prediction', graph.treeEnsembleRegressor(graph.concat(inputs), trees));
  return graph.build('forest');
}

/** The model with one node changed. */
function withNode(model: OnnxModel, at: number, change: Partial<OnnxModel['graph']['nodes'][number]>): OnnxModel {
  const nodes = model.graph.nodes.map((node, i) => (i === at ? { ...node, ...change } : node));
  return { ...model, graph: { ...model.graph, nodes } };
}

function withAttribute(model: OnnxModel, at: number, attribute: OnnxAttribute): OnnxModel {
  const others = model.graph.nodes[at]!.attributes.filter(({ name }) => name !== attribute.name);
  return withNode(model, at, { attributes: [...others, attribute] });
}

describe('compile', () => {
  it('sends x ≤ threshold left in float32, and missing values where the node says', () => {
    const batch: Batch = {
      rows: 4,
      columns: [Float32Array.of(0.1, 0.11, NaN, -Infinity), Float32Array.of(2, 3, NaN, Infinity)],
    };
    const { width, values } = compile(forestOf(STUMPS, 2)).evaluate(batch);
    expect(width).toBe(1);
    expect(Array.from(values)).toEqual([11, 22, 12, 21]);
  });

  it('gives a row the same scores alone, in a small batch and across blocks', () => {
    const evaluator = compile(forestOf(STUMPS, 2));
    const rows = 5_003;
    const a = Float32Array.from({ length: rows }, (_, i) => (i % 7) / 20);
    const b = Float32Array.from({ length: rows }, (_, i) => i % 5);
    const all = evaluator.evaluate({ rows, columns: [a, b] }).values;
    for (let row = 0; row < rows; row += 97) {
      const one = evaluator.evaluate({ rows: 1, columns: [a.slice(row, row + 1), b.slice(row, row + 1)] });
      expect(one.values[0]).toBe(all[row]);
    }
  });

  it('evaluates pipelines with strings, and hands out arrays of its own', () => {
    const graph = new GraphBuilder();
    const age = graph.scaler(graph.imputer(graph.input('age', 'float'), [30]), [10], [0.5]);
    const city = graph.oneHot(graph.input('city', 'string'), ['a', 'b']);
    const job = graph.labelEncode(graph.input('job', 'string'), ['x'], [7], -1);
    graph.output('prediction', graph.linearRegressor(graph.concat([age, city, job]), [1, 100, 200, 1000], 0.5));
    const evaluator = compile(graph.build('g'));
    expect(evaluator.inputs.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'age float',
      'city string',
      'job string',
    ]);
    const columns = [Float32Array.of(NaN, 12), ['b', 'unseen'], ['x', '']];
    const first = evaluator.evaluate({ rows: 2, columns }).values;
    expect(Array.from(first)).toEqual([10 + 200 + 7000 + 0.5, 1 - 1000 + 0.5]);
    evaluator.evaluate({ rows: 2, columns: [Float32Array.of(0, 0), ['', ''], ['', '']] });
    expect(first[0]).toBe(7210.5);
  });

  it('keeps inputs that the graph does not use in the contract', () => {
    const graph = new GraphBuilder();
    graph.input('unused', 'float');
    graph.output('prediction', graph.linearRegressor(graph.input('used', 'float'), [2], 1));
    const evaluator = compile(graph.build('g'));
    expect(
      Array.from(evaluator.evaluate({ rows: 1, columns: [Float32Array.of(9), Float32Array.of(3)] }).values),
    ).toEqual([7]);
  });

  it('takes no rows', () => {
    const columns = [new Float32Array(0), new Float32Array(0)];
    expect(compile(forestOf(STUMPS, 2)).evaluate({ rows: 0, columns })).toMatchObject({ rows: 0, width: 1 });
  });

  it('counts the memory of its trees', () => {
    const size = (nodes: number): number => {
      const leaves = { ...STUMPS, roots: Int32Array.from({ length: nodes }, (_, i) => i) };
      const list = <T>(of: { from: (items: ArrayLike<number>) => T }, value: number): T =>
        of.from(new Array<number>(nodes).fill(value));
      const trees = {
        ...leaves,
        feature: list(Int32Array, -1),
        threshold: list(Float32Array, 0),
        left: list(Int32Array, 0),
        right: list(Int32Array, 0),
        missingLeft: list(Uint8Array, 0),
        values: list(Float32Array, 1),
      };
      return compile(forestOf(trees, 1)).bytes;
    };
    // 8 bytes a node, 4 a leaf, 16 a tree.
    expect(size(2_000) - size(1_000)).toBe(28_000);
  });

  const wrongBatches: [string, Batch, RegExp][] = [
    ['a missing column', { rows: 1, columns: [Float32Array.of(1)] }, /1 columns where the graph takes 2/],
    ['strings for numbers', { rows: 1, columns: [Float32Array.of(1), ['a']] }, /Column 1 must hold floats/],
    ['a short column', { rows: 2, columns: [Float32Array.of(1, 2), Float32Array.of(1)] }, /Column 1 has 1 of 2 rows/],
  ];
  it.each(wrongBatches)('refuses a batch with %s', (_, batch, message) => {
    expect(() => compile(forestOf(STUMPS, 2)).evaluate(batch)).toThrow(message);
  });
});

describe('graphs outside the subset', () => {
  const model = forestOf(STUMPS, 2);
  const tree = /^Node "TreeEnsembleRegressor_2" \(TreeEnsembleRegressor\): /;
  const cases: [string, OnnxModel, RegExp][] = [
    [
      'an unknown operator',
      withNode(model, 0, { operator: 'Gather' }),
      /^Node "Concat_1" \(Gather\): .*not in the compiled subset/,
    ],
    ['an operator of another domain', withNode(model, 0, { domain: 'com.microsoft' }), /not in the compiled subset/],
    ['another axis', withAttribute(model, 0, { name: 'axis', type: 'INT', value: 0 }), /\(Concat\): axis 0/],
    ['an aggregate', withAttribute(model, 1, { name: 'aggregate_function', type: 'STRING', value: 'MAX' }), tree],
    ['a post transform', withAttribute(model, 1, { name: 'post_transform', type: 'STRING', value: 'PROBIT' }), tree],
    ['lists of different lengths', withAttribute(model, 1, { name: 'nodes_values', type: 'FLOATS', value: [1] }), tree],
    [
      'a child that is not there',
      withAttribute(model, 1, { name: 'nodes_truenodeids', type: 'INTS', value: [9, 0, 0, 1, 0, 0] }),
      /node 9 of tree 0/,
    ],
    [
      'a cycle',
      withAttribute(model, 1, { name: 'nodes_truenodeids', type: 'INTS', value: [0, 0, 0, 1, 0, 0] }),
      /child of two/,
    ],
    [
      'a shared leaf',
      withAttribute(model, 1, { name: 'nodes_falsenodeids', type: 'INTS', value: [1, 0, 0, 2, 0, 0] }),
      /child of two/,
    ],
    [
      'a NaN threshold',
      withAttribute(model, 1, { name: 'nodes_values', type: 'FLOATS', value: [NaN, 0, 0, 1, 0, 0] }),
      /threshold is NaN/,
    ],
    [
      'a feature that is not there',
      withAttribute(model, 1, { name: 'nodes_featureids', type: 'INTS', value: [2, 0, 0, 1, 0, 0] }),
      /feature 2 of 2/,
    ],
    [
      'an unknown mode',
      withAttribute(model, 1, {
        name: 'nodes_modes',
        type: 'STRINGS',
        value: ['BRANCH_MEMBER', 'LEAF', 'LEAF', 'BRANCH_LEQ', 'LEAF', 'LEAF'],
      }),
      /BRANCH_MEMBER/,
    ],
    [
      'an attribute of another type',
      withAttribute(model, 1, { name: 'nodes_modes', type: 'INT', value: 1 }),
      /has type INT, not STRINGS/,
    ],
    ['an input that nothing computes', withNode(model, 1, { inputs: ['nowhere'] }), /"nowhere" is not computed/],
  ];
  it('include two classes of which a leaf names the first only, for which ONNX Runtime has a rule of its own', () => {
    const builder = new GraphBuilder();
    const stump: TreeEnsemble = {
      roots: Int32Array.of(0),
      feature: Int32Array.of(0, -1, -1),
      threshold: Float32Array.of(0, 0, 0),
      left: Int32Array.of(1, 0, 0),
      right: Int32Array.of(2, 0, 0),
      missingLeft: Uint8Array.of(0, 0, 0),
      values: Float32Array.of(0, 0, 0.25, 0.75, 1, 0),
      width: 2,
    };
    builder.output('probabilities', builder.treeEnsembleClassifier(builder.input('x', 'float'), stump, ['no', 'yes']));
    const whole = builder.build('g');
    expect(() => compile(whole)).not.toThrow();
    const changes: OnnxAttribute[] = [
      { name: 'class_treeids', type: 'INTS', value: [0, 0, 0] },
      { name: 'class_nodeids', type: 'INTS', value: [1, 1, 2] },
      { name: 'class_ids', type: 'INTS', value: [0, 1, 0] },
      { name: 'class_weights', type: 'FLOATS', value: [0.25, 0.75, 1] },
    ];
    const without = changes.reduce((model, attribute) => withAttribute(model, 0, attribute), whole);
    expect(() => compile(without)).toThrow(/leaves that name the first of two classes only/);
  });

  it.each(cases)('are named: %s', (_, graph, message) => {
    expect(() => compile(graph)).toThrow(UnsupportedGraphError);
    expect(() => compile(graph)).toThrow(message);
  });

  const { graph } = model;
  const outputs: [string, OnnxModel, RegExp][] = [
    ['without a float output', { ...model, graph: { ...graph, outputs: [] } }, /0 float outputs/],
    [
      'with integer inputs',
      {
        ...model,
        graph: {
          ...graph,
          inputs: [{ name: 'x0', type: { kind: 'tensor', elementType: ELEMENT.INT64, shape: ['N', 1] } }],
        },
      },
      /Input "x0" holds neither/,
    ],
    [
      'with inputs of unknown shape',
      { ...model, graph: { ...graph, inputs: [{ name: 'x0', type: { kind: 'tensor', elementType: ELEMENT.FLOAT } }] } },
      /Input "x0" has no shape/,
    ],
    ['with functions', { ...model, functions: [new Uint8Array(1)] }, /functions/],
  ];
  it.each(outputs)('are named: %s', (_, changed, message) => {
    expect(() => compile(changed)).toThrow(message);
  });
});
