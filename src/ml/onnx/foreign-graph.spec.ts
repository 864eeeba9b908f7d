import { arrangeInputs } from './arrange-inputs.js';
import { compile } from './compile.js';
import { decodeModel } from './decode.js';
import { encodeModel } from './encode.js';
import { GraphBuilder } from './graph-builder.js';
import { readInterface, type GraphInput } from './graph-interface.js';
import { type InputColumn, matchInputs } from './match-inputs.js';
import { ELEMENT, type OnnxGraph, type OnnxNode, UnfitGraphError, type ValueInfo } from './model.js';

const tensor = (name: string, elementType: number, shape?: readonly (number | string)[]): ValueInfo => ({
  name,
  type: { kind: 'tensor', elementType, ...(shape && { shape }) },
});

const node = (operator: string, labels: readonly string[] | readonly number[] = []): OnnxNode => ({
  name: operator,
  operator,
  domain: 'ai.onnx.ml',
  inputs: [],
  outputs: [],
  attributes:
    labels.length === 0
      ? []
      : typeof labels[0] === 'string'
        ? [{ name: 'classlabels_strings', type: 'STRINGS', value: labels as readonly string[] }]
        : [{ name: 'classlabels_ints', type: 'INTS', value: labels as readonly number[] }],
});

function graphOf({
  inputs = [tensor('x', ELEMENT.FLOAT, ['', 2])],
  outputs = [tensor('label', ELEMENT.INT64, ['']), tensor('scores', ELEMENT.FLOAT, ['', 2])],
  nodes = [] as readonly OnnxNode[],
}): OnnxGraph {
  return { name: 'g', nodes, inputs, outputs, initializers: [], sparseInitializers: [] };
}

describe('readInterface', () => {
  it('reads inputs, the float output and the labels of a classifier', () => {
    const inputs = [tensor('a', ELEMENT.FLOAT, ['', 1]), tensor('b', ELEMENT.STRING, ['N', 1])];
    expect(
      readInterface(graphOf({ inputs, nodes: [node('Scaler'), node('LinearClassifier', ['no', 'yes'])] })),
    ).toEqual({
      inputs: [
        { name: 'a', type: 'float', columns: 1 },
        { name: 'b', type: 'string', columns: 1 },
      ],
      output: 'scores',
      labels: ['no', 'yes'],
    });
  });

  it('names no labels where classifiers disagree, and none where there are none', () => {
    const nodes = [node('LinearClassifier', [0, 1]), node('TreeEnsembleClassifier', ['0', '1'])];
    expect(readInterface(graphOf({ nodes })).labels).toEqual(['0', '1']);
    expect(readInterface(graphOf({ nodes: [...nodes, node('SVMClassifier', [1, 0])] })).labels).toBeUndefined();
    expect(readInterface(graphOf({})).labels).toBeUndefined();
  });

  const refused: [string, Parameters<typeof graphOf>[0], RegExp][] = [
    ['a ZipMap', { nodes: [node('ZipMap', ['a', 'b'])] }, /ZipMap.*zipmap=False/],
    ['numbers of 64 bits', { inputs: [tensor('age', ELEMENT.DOUBLE, ['', 1])] }, /age holds float64.*FloatTensorType/],
    ['integers', { inputs: [tensor('age', ELEMENT.INT64, ['', 1])] }, /age holds int64/],
    ['a rank of one', { inputs: [tensor('x', ELEMENT.FLOAT, ['N'])] }, /x has the shape \[N\]/],
    ['an open number of columns', { inputs: [tensor('x', ELEMENT.FLOAT, ['N', ''])] }, /shape \[N, \?\]/],
    ['no shape', { inputs: [tensor('x', ELEMENT.FLOAT)] }, /unknown rank/],
    ['a fixed number of rows', { inputs: [tensor('x', ELEMENT.FLOAT, [1, 2])] }, /exactly 1 rows.*dynamic_axes/],
    ['no float output', { outputs: [tensor('y', ELEMENT.INT64, [''])] }, /0 float outputs/],
    [
      'two float outputs',
      { outputs: [tensor('y', ELEMENT.FLOAT, ['', 1]), tensor('z', ELEMENT.FLOAT, ['', 1])] },
      /2 float outputs.*only float32 output/,
    ],
  ];
  it.each(refused)('refuses %s', (_, parts, message) => {
    const read = (): unknown => readInterface(graphOf(parts));
    expect(read).toThrow(UnfitGraphError);
    expect(read).toThrow(message);
  });
});

describe('matchInputs', () => {
  const features: InputColumn[] = [
    { name: 'age', type: 'NUMBER' },
    { name: 'member', type: 'BOOLEAN' },
    { name: 'city', type: 'STRING' },
  ];
  const input = (name: string, type: GraphInput['type'] = 'float', columns = 1): GraphInput => ({
    name,
    type,
    columns,
  });

  it('takes one input a feature in any order, and tells which features have none', () => {
    expect(matchInputs([input('city', 'string'), input('age')], features)).toEqual({
      layout: 'COLUMNS',
      unused: ['member'],
    });
  });

  it('takes one matrix for all features, of numbers or of text', () => {
    expect(matchInputs([input('X', 'float', 2)], features.slice(0, 2)).layout).toBe('MATRIX');
    expect(matchInputs([input('X')], features.slice(0, 1)).layout).toBe('MATRIX');
    expect(matchInputs([input('age')], features.slice(0, 1)).layout).toBe('COLUMNS');
    expect(matchInputs([input('X', 'string')], features.slice(2)).layout).toBe('MATRIX');
  });

  const refused: [string, GraphInput[], RegExp][] = [
    ['no input', [], /no input/],
    ['a matrix of another width', [input('X', 'float', 5)], /X takes 5 columns.*3 features: age, member, city/],
    ['a matrix of numbers for text', [input('X', 'float', 3)], /numbers for all features, but city holds text/],
    ['inputs of unknown names', [input('age'), input('town', 'string'), input('x')], /inputs town, x are no features/],
    ['text where numbers are', [input('age', 'string'), input('member')], /input age takes text.*holds numbers/],
    ['several wide inputs', [input('a', 'float', 2), input('city', 'string')], /a takes 2 columns.*single one for all/],
  ];
  it.each(refused)('refuses %s', (_, inputs, message) => {
    const match = (): unknown => matchInputs(inputs, features);
    expect(match).toThrow(UnfitGraphError);
    expect(match).toThrow(message);
  });
});

describe('arrangeInputs', () => {
  const graph = new GraphBuilder();
  const city = graph.oneHot(graph.input('city', 'string'), ['a', 'b']);
  graph.output('y', graph.linearRegressor(graph.concat([graph.input('age', 'float'), city]), [1, 10, 20], 0));
  const bytes = encodeModel(graph.build('g'));
  const wanted: GraphInput[] = [
    { name: 'age', type: 'float', columns: 1 },
    { name: 'extra', type: 'string', columns: 1 },
    { name: 'city', type: 'string', columns: 1 },
  ];

  it('puts inputs in order and adds what is missing, without a change to what is computed', () => {
    const evaluator = compile(decodeModel(arrangeInputs(bytes, wanted)));
    expect(evaluator.inputs.map(({ name }) => name)).toEqual(['age', 'extra', 'city']);
    const columns = [Float32Array.of(3, 4), ['', ''], ['b', 'a']];
    expect([...evaluator.evaluate({ rows: 2, columns }).values]).toEqual([23, 14]);
  });

  it('changes nothing else, and nothing at all where the order is right', () => {
    const model = decodeModel(bytes);
    const arranged = decodeModel(arrangeInputs(bytes, wanted));
    expect({ ...arranged, graph: { ...arranged.graph, inputs: [] } }).toEqual({
      ...model,
      graph: { ...model.graph, inputs: [] },
    });
    const once = arrangeInputs(bytes, wanted);
    expect(Buffer.from(arrangeInputs(once, wanted)).equals(once)).toBe(true);
  });
});
