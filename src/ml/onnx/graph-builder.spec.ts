import type { TreeEnsemble } from '../schema/tree-ensemble.js';
import { GraphBuilder } from './graph-builder.js';

function stump(change: Partial<TreeEnsemble> = {}): TreeEnsemble {
  return {
    roots: Int32Array.of(0),
    feature: Int32Array.of(0, -1, -1),
    threshold: Float32Array.of(0.5, 0, 0),
    left: Int32Array.of(1, 0, 0),
    right: Int32Array.of(2, 0, 0),
    missingLeft: Uint8Array.of(0, 0, 0),
    values: Float32Array.of(0, 1, 2),
    width: 1,
    ...change,
  };
}

describe('GraphBuilder', () => {
  it('builds IR 8, opset 17, ai.onnx.ml 3, with inputs [N, 1] and the output under its name', () => {
    const graph = new GraphBuilder();
    const x = graph.concat([graph.input('a', 'float'), graph.oneHot(graph.input('b', 'string'), ['u', 'v'])]);
    graph.output('probabilities', graph.linearClassifier(x, [1, 2, 3], [4], ['no', 'yes'], 'LOGISTIC'));
    const model = graph.build('mine');
    expect(model).toMatchObject({
      irVersion: 8,
      producer: 'boucle',
      opsets: [
        { domain: '', version: 17 },
        { domain: 'ai.onnx.ml', version: 3 },
      ],
    });
    expect(model.graph.inputs).toEqual([
      { name: 'a', type: { kind: 'tensor', elementType: 1, shape: ['N', 1] } },
      { name: 'b', type: { kind: 'tensor', elementType: 8, shape: ['N', 1] } },
    ]);
    expect(model.graph.outputs).toEqual([
      { name: 'probabilities', type: { kind: 'tensor', elementType: 1, shape: ['N', 2] } },
    ]);
    expect(model.graph.nodes.map(({ operator }) => operator)).toEqual([
      'OneHotEncoder',
      'Reshape',
      'Concat',
      'LinearClassifier',
    ]);
    const classifier = model.graph.nodes.at(-1)!;
    expect(classifier.outputs).toEqual(['LinearClassifier_4_label', 'probabilities']);
    expect(classifier.attributes).toContainEqual({
      name: 'coefficients',
      type: 'FLOATS',
      value: [-1, -2, -3, 1, 2, 3],
    });
    expect(classifier.attributes).toContainEqual({ name: 'intercepts', type: 'FLOATS', value: [-4, 4] });
  });

  it('lets a single value pass through concat', () => {
    const graph = new GraphBuilder();
    expect(graph.concat([graph.input('a', 'float')])).toBe('a');
  });

  it('keeps the names of columns apart from its own', () => {
    const graph = new GraphBuilder();
    const columns = ['Scaler_1', 'Scaler_1_', 'LinearRegressor_2'].map((name) => graph.input(name, 'float'));
    const scaled = graph.scaler(columns[0]!, [0], [1]);
    graph.output('prediction', graph.linearRegressor(scaled, [1], 0));
    const { nodes } = graph.build('g').graph;
    expect(nodes.map(({ outputs }) => outputs)).toEqual([['Scaler_1__'], ['prediction']]);
  });

  const leavesOf = (values: Float32Array, classes: string[]): number[][] => {
    const graph = new GraphBuilder();
    const trees = stump({ values, width: classes.length });
    graph.output('y', graph.treeEnsembleClassifier(graph.input('a', 'float'), trees, classes));
    const { attributes } = graph.build('g').graph.nodes[0]!;
    return ['class_nodeids', 'class_ids', 'class_weights'].map((name) =>
      Array.from(attributes.find((a) => a.name === name)!.value as number[]),
    );
  };

  it('leaves out zero values of leaves, but names every class once', () => {
    expect(leavesOf(Float32Array.of(0, 0, 0, 0, 1, 0, 1, 0, 0), ['a', 'b', 'c'])).toEqual([
      [1, 1, 1, 2],
      [0, 1, 2, 0],
      [0, 1, 0, 1],
    ]);
  });

  it('always names the second of two classes', () => {
    expect(leavesOf(Float32Array.of(0, 0, 0, 1, 1, 0), ['n', 'y'])).toEqual([
      [1, 1, 2, 2],
      [0, 1, 0, 1],
      [0, 1, 1, 0],
    ]);
  });

  const mistakes: [string, (graph: GraphBuilder, x: string) => unknown, RegExp][] = [
    ['two inputs of one name', (graph) => graph.input('x', 'string'), /Two graph inputs are called "x"/],
    ['an unknown value', (graph) => graph.scaler('y', [0], [1]), /No value called "y"/],
    ['strings for numbers', (graph) => graph.scaler(graph.input('s', 'string'), [0], [1]), /string values where float/],
    ['too many offsets', (graph, x) => graph.scaler(x, [0, 0], [1, 1]), /1 columns where 2 are needed/],
    ['no categories', (graph) => graph.oneHot(graph.input('s', 'string'), []), /At least one one-hot category/],
    ['a category twice', (graph) => graph.oneHot(graph.input('s', 'string'), ['a', 'a']), /given twice/],
    ['an infinite coefficient', (graph, x) => graph.linearRegressor(x, [1e39], 0), /coefficients\[0\] is 1e\+39/],
    ['a NaN intercept', (graph, x) => graph.linearRegressor(x, [1], NaN), /intercepts\[0\] is NaN/],
    ['one class', (graph, x) => graph.linearClassifier(x, [1], [0], ['a'], 'SOFTMAX'), /at least two classes/],
    ['too few rows', (graph, x) => graph.linearClassifier(x, [1, 2], [0, 0], ['a', 'b', 'c'], 'SOFTMAX'), /3 classes/],
    [
      'a feature that is not there',
      (graph, x) => graph.treeEnsembleRegressor(x, stump({ feature: Int32Array.of(1, -1, -1) })),
      /feature 1 but "x" has 1/,
    ],
    [
      'a child outside its tree',
      (graph, x) => graph.treeEnsembleRegressor(x, stump({ left: Int32Array.of(3, 0, 0) })),
      /child 3 outside/,
    ],
    [
      'a leaf that is not finite',
      (graph, x) => graph.treeEnsembleRegressor(x, stump({ values: Float32Array.of(0, NaN, 1) })),
      /not finite/,
    ],
    [
      'a forest of the wrong width',
      (graph, x) => graph.treeEnsembleClassifier(x, stump(), ['a', 'b']),
      /gives 1 values where 2/,
    ],
    [
      'an input as output',
      (graph, x) => {
        graph.output('y', x);
      },
      /is an input/,
    ],
    ['no output', (graph) => graph.build('g'), /needs an output/],
  ];
  it.each(mistakes)('refuses %s', (_, make, message) => {
    const attempt = (): unknown => {
      const graph = new GraphBuilder();
      return make(graph, graph.input('x', 'float'));
    };
    expect(attempt).toThrow(RangeError);
    expect(attempt).toThrow(message);
  });
});
