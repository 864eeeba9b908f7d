import fc from 'fast-check';
import { compile } from '../../src/ml/onnx/compile.js';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import { ELEMENT } from '../../src/ml/onnx/model.js';
import type { OnnxAttribute, OnnxModel } from '../../src/ml/onnx/model.js';
import { int64Tensor } from '../../src/ml/onnx/tensor.js';
import type { Batch } from '../../src/ml/schema/evaluator.js';
import type { TreeEnsemble } from '../../src/ml/schema/tree-ensemble.js';
import {
  expectParity,
  firstDifference,
  floats,
  floatTensor,
  generator,
  handmade,
  ints,
  runReference,
  string,
  wideInput,
} from '../support/onnx-parity.js';

/** A tree of depth 40 would otherwise never end. */
const MAX_NODES = 20_000;

interface ForestShape {
  readonly trees: number;
  readonly maxDepth: number;
  /** Chance that a node above the maximum depth splits. */
  readonly splitChance: number;
  /** Only one child of a split may split again: a chain. */
  readonly chain: boolean;
}

function randomForest(shape: ForestShape, features: number, width: number, seed: number): TreeEnsemble {
  const random = generator(seed);
  const nodes: {
    feature: number;
    threshold: number;
    left: number;
    right: number;
    missingLeft: number;
    values: number[];
  }[] = [];
  const grow = (depth: number, maySplit: boolean): number => {
    const index = nodes.length;
    const roomLeft = nodes.length < MAX_NODES;
    const splits = maySplit && roomLeft && depth < shape.maxDepth && random() < shape.splitChance;
    const values = Array.from({ length: width }, () => (splits || random() < 0.3 ? 0 : random() - 0.3));
    const threshold = THRESHOLDS[Math.floor(random() * THRESHOLDS.length)]!;
    const node = { feature: -1, threshold, left: 0, right: 0, missingLeft: Number(random() < 0.5), values };
    nodes.push(node);
    if (!splits) return index;
    node.feature = Math.floor(random() * features);
    const leftSplits = !shape.chain || random() < 0.5;
    node.left = grow(depth + 1, leftSplits);
    node.right = grow(depth + 1, !shape.chain || !leftSplits);
    return index;
  };
  const roots = Array.from({ length: shape.trees }, () => grow(0, true));
  return {
    roots: Int32Array.from(roots),
    feature: Int32Array.from(nodes, (node) => node.feature),
    threshold: Float32Array.from(nodes, (node) => node.threshold),
    left: Int32Array.from(nodes, (node) => node.left),
    right: Int32Array.from(nodes, (node) => node.right),
    missingLeft: Uint8Array.from(nodes, (node) => node.missingLeft),
    values: Float32Array.from(nodes.flatMap((node) => node.values)),
    width,
  };
}

// Thresholds and values share numbers, so that x = threshold happens, and 0.1 differs between float32 and float64.
const THRESHOLDS = [-3, -1, -0.1, -1e-45, 0, 0.1, 0.5, 1, 2, 7.25];
const CATEGORIES = ['', 'rain', 'sun', 'Zürich', '雪', 'a b', '0'];

const number = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...THRESHOLDS, -0) },
  { weight: 4, arbitrary: fc.float({ min: -100, max: 100, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity) },
);
const text = fc.oneof(fc.constantFrom(...CATEGORIES), fc.string({ maxLength: 4 }));
const coefficient = fc.float({ min: -2, max: 2, noNaN: true });

const numberColumn = fc.record({
  kind: fc.constant('number' as const),
  impute: fc.boolean(),
  scale: fc.boolean(),
  offset: coefficient,
  factor: coefficient,
});
const textColumn = fc.record({
  kind: fc.constant('text' as const),
  oneHot: fc.boolean(),
  categories: fc.uniqueArray(fc.constantFrom(...CATEGORIES), { minLength: 1 }),
});
const head = fc.constantFrom('linearRegressor', 'logistic', 'softmax', 'forestRegressor', 'forestClassifier');

const pipeline = fc.record({
  columns: fc.array(fc.oneof(numberColumn, textColumn), { minLength: 1, maxLength: 6 }),
  head,
  classes: fc.integer({ min: 2, max: 5 }),
  forest: fc.record({
    trees: fc.integer({ min: 1, max: 13 }),
    maxDepth: fc.constantFrom(0, 1, 3, 9, 40),
    splitChance: fc.constantFrom(0.5, 0.9),
    chain: fc.boolean(),
  }),
  seed: fc.integer(),
  // Few rows go down the trees one by one, more of them as a block.
  rows: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
    { arbitrary: fc.integer({ min: 31, max: 41 }), weight: 1 },
  ),
});

type Pipeline = typeof pipeline extends fc.Arbitrary<infer P> ? P : never;

function buildPipeline(spec: Pipeline): OnnxModel {
  const graph = new GraphBuilder();
  const random = generator(spec.seed);
  let width = 0;
  const parts = spec.columns.map((column, i) => {
    const input = graph.input(`column ${i}`, column.kind === 'number' ? 'float' : 'string');
    width += column.kind === 'text' && column.oneHot ? column.categories.length : 1;
    if (column.kind === 'text') {
      if (column.oneHot) return graph.oneHot(input, column.categories);
      return graph.labelEncode(
        input,
        column.categories,
        column.categories.map(() => random() * 4 - 2),
        -1,
      );
    }
    const imputed = column.impute ? graph.imputer(input, [column.offset]) : input;
    return column.scale ? graph.scaler(imputed, [column.offset], [column.factor]) : imputed;
  });
  const x = graph.concat(parts);
  const weights = (count: number): number[] => Array.from({ length: count }, () => random() * 4 - 2);
  const classes = Array.from({ length: spec.classes }, (_, i) => `class ${i}`);
  switch (spec.head) {
    case 'linearRegressor':
      graph.output('prediction', graph.linearRegressor(x, weights(width), 0.25));
      break;
    case 'logistic':
      graph.output('probabilities', graph.linearClassifier(x, weights(width), [0.5], ['no', 'yes'], 'LOGISTIC'));
      break;
    case 'softmax': {
      const biases = weights(spec.classes);
      graph.output(
        'probabilities',
        graph.linearClassifier(x, weights(width * spec.classes), biases, classes, 'SOFTMAX'),
      );
      break;
    }
    case 'forestRegressor':
      graph.output('prediction', graph.treeEnsembleRegressor(x, randomForest({ ...spec.forest }, width, 1, spec.seed)));
      break;
    default: {
      const trees = randomForest(spec.forest, width, spec.classes, spec.seed);
      graph.output('probabilities', graph.treeEnsembleClassifier(x, trees, classes));
    }
  }
  return graph.build('random pipeline');
}

function batchFor(spec: Pipeline): fc.Arbitrary<Batch> {
  const columns = spec.columns.map((column) =>
    column.kind === 'number'
      ? fc.array(number, { minLength: spec.rows, maxLength: spec.rows }).map((values) => Float32Array.from(values))
      : fc.array(text, { minLength: spec.rows, maxLength: spec.rows }),
  );
  return fc.tuple(...columns).map((values) => ({ rows: spec.rows, columns: values }));
}

describe('compiled kernels against ONNX Runtime', () => {
  it('agree on random pipelines and rows', async () => {
    const cases = pipeline.chain((spec) => fc.tuple(fc.constant(spec), batchFor(spec)));
    await fc.assert(
      fc.asyncProperty(cases, async ([spec, batch]) => {
        await expectParity(buildPipeline(spec), batch);
      }),
      { numRuns: 250 },
    );
  });

  it('agree on pure leaves of two classes, where a row may meet none of the second', async () => {
    const graph = new GraphBuilder();
    const leaves = Float32Array.of(0, 0, 0.5, 0, 0, 0.5);
    const stump = {
      roots: Int32Array.of(0),
      feature: Int32Array.of(0, -1, -1),
      threshold: Float32Array.of(0, 0, 0),
      left: Int32Array.of(1, 0, 0),
      right: Int32Array.of(2, 0, 0),
      missingLeft: Uint8Array.of(0, 0, 0),
      values: leaves,
      width: 2,
    };
    graph.output('probabilities', graph.treeEnsembleClassifier(graph.input('x', 'float'), stump, ['no', 'yes']));
    await expectParity(graph.build('stump'), { rows: 3, columns: [Float32Array.of(-1, 1, NaN)] });
  });

  it('agree on a forest of 60 trees over more rows than a block holds', async () => {
    const random = generator(7);
    const graph = new GraphBuilder();
    const inputs = Array.from({ length: 6 }, (_, i) => graph.input(`x${i}`, 'float'));
    const trees = randomForest({ trees: 60, maxDepth: 10, splitChance: 0.95, chain: false }, 6, 3, 11);
    graph.output('probabilities', graph.treeEnsembleClassifier(graph.concat(inputs), trees, ['a', 'b', 'c']));
    const rows = 2_501;
    const columns = inputs.map(() =>
      Float32Array.from({ length: rows }, () => (random() < 0.1 ? NaN : random() * 8 - 3)),
    );
    const model = graph.build('large forest');
    const expected = await runReference(encodeModel(model), model, { rows, columns });
    expect(firstDifference(expected, compile(model).evaluate({ rows, columns }).values)).toBeUndefined();
  });
});

// Operators and attributes that the builder never writes but exporters do.

const NUMBERS = Float32Array.of(-3, -1, -0.1, -0, 0, 1e-45, 0.1, 0.5, 1, 2, 7.25, 1e30, NaN, Infinity, -Infinity, 3);

/** Constants of an arithmetic operator on four columns: one for all, or one a column. */
const CONSTANTS = [
  [[0.1], []],
  [[-3], [1, 1]],
  [[0.1, -2, 0, 1e30], [4]],
  [
    [1, 2, 3, 4],
    [1, 4],
  ],
] as const;

const stringInput = { name: 's', type: { kind: 'tensor', elementType: ELEMENT.STRING, shape: ['N', 1] } } as const;

function wideBatch(width: number, rows: number, numbers: Float32Array = NUMBERS): Batch {
  const column = (c: number): Float32Array =>
    Float32Array.from({ length: rows }, (_, row) => numbers[(row * (c + 1) + c * 5) % numbers.length]!);
  return { rows, columns: Array.from({ length: width }, (_, c) => column(c)) };
}

/** Two trees, [0] root with two leaves and [1] root, inner node, three leaves, all splits with the given modes. */
function twoTrees(mode: string, tracks: number, threshold: number): OnnxAttribute[] {
  return [
    ints('nodes_treeids', [0, 0, 0, 1, 1, 1, 1, 1]),
    ints('nodes_nodeids', [0, 1, 2, 0, 1, 2, 3, 4]),
    ints('nodes_featureids', [0, 0, 0, 1, 0, 2, 0, 0]),
    { name: 'nodes_modes', type: 'STRINGS', value: [mode, 'LEAF', 'LEAF', mode, 'LEAF', mode, 'LEAF', 'LEAF'] },
    floats('nodes_values', [threshold, 0, 0, threshold, 0, threshold, 0, 0]),
    ints('nodes_truenodeids', [1, 0, 0, 1, 0, 3, 0, 0]),
    ints('nodes_falsenodeids', [2, 0, 0, 2, 0, 4, 0, 0]),
    ints('nodes_missing_value_tracks_true', [tracks, 0, 0, 1 - tracks, 0, tracks, 0, 0]),
  ];
}

const LEAF_TREES = [0, 0, 1, 1, 1];
const LEAF_NODES = [1, 2, 1, 3, 4];

function targets(outputs: readonly number[], weights: readonly number[], prefix: 'target' | 'class'): OnnxAttribute[] {
  const times = outputs.length / LEAF_TREES.length;
  const repeat = (list: readonly number[]): number[] => Array.from({ length: times }, () => list).flat();
  return [
    ints(`${prefix}_treeids`, repeat(LEAF_TREES)),
    ints(`${prefix}_nodeids`, repeat(LEAF_NODES)),
    ints(`${prefix}_ids`, outputs),
    floats(`${prefix}_weights`, weights),
  ];
}

describe('operators as exporters write them', () => {
  it.each(['MAX', 'L1', 'L2'])('Normalizer %s', async (norm) => {
    const model = handmade([
      { operator: 'Normalizer', inputs: ['x'], outputs: ['y'], attributes: [string('norm', norm)] },
    ]);
    const finite = NUMBERS.filter((value) => Math.abs(value) < 100);
    await expectParity(model, wideBatch(4, 23, finite));
    await expectParity(model, { rows: 2, columns: [0, 1, 2, 3].map(() => Float32Array.of(0, -2)) });
  });

  it('Imputer of a sentinel, with one value for all columns, and Scaler with one for all', async () => {
    const imputer = [
      floats('imputed_value_floats', [9]),
      { name: 'replaced_value_float', type: 'FLOAT', value: 0.1 } as const,
    ];
    const scaler = [floats('offset', [0.3]), floats('scale', [1.7])];
    const model = handmade([
      { operator: 'Imputer', inputs: ['x'], outputs: ['i'], attributes: imputer },
      { operator: 'Scaler', inputs: ['i'], outputs: ['y'], attributes: scaler },
    ]);
    await expectParity(model, wideBatch(4, 23));
  });

  it('FeatureVectorizer cuts and pads', async () => {
    const model = handmade([
      {
        operator: 'FeatureVectorizer',
        inputs: ['x', 'x'],
        outputs: ['y'],
        attributes: [ints('inputdimensions', [3, 6])],
      },
    ]);
    await expectParity(model, wideBatch(4, 11));
  });

  it('Concat of the same value twice and of a value used elsewhere', async () => {
    const model = handmade([
      { operator: 'Scaler', inputs: ['x'], outputs: ['a'], attributes: [floats('offset', [1]), floats('scale', [2])] },
      {
        operator: 'Concat',
        inputs: ['a', 'x', 'a'],
        outputs: ['b'],
        attributes: [{ name: 'axis', type: 'INT', value: -1 }],
      },
      { operator: 'Normalizer', inputs: ['a'], outputs: ['c'], attributes: [string('norm', 'L1')] },
      { operator: 'Concat', inputs: ['b', 'c'], outputs: ['y'], attributes: [{ name: 'axis', type: 'INT', value: 1 }] },
    ]);
    await expectParity(model, wideBatch(4, 5, Float32Array.of(1, -2, 3.5)));
  });

  it('LabelEncoder to int64, again from int64, Cast, and OneHotEncoder of integers', async () => {
    const strings = { name: 'keys_strings', type: 'STRINGS', value: ['a', 'b', ''] } as const;
    const model = handmade(
      [
        {
          operator: 'LabelEncoder',
          inputs: ['s'],
          outputs: ['i'],
          attributes: [strings, ints('values_int64s', [3, 1, 2])],
        },
        {
          operator: 'LabelEncoder',
          inputs: ['i'],
          outputs: ['f'],
          attributes: [ints('keys_int64s', [3, -1]), floats('values_floats', [0.5, 8])],
        },
        {
          operator: 'Cast',
          inputs: ['i'],
          outputs: ['c'],
          attributes: [{ name: 'to', type: 'INT', value: ELEMENT.FLOAT }],
        },
        { operator: 'OneHotEncoder', inputs: ['i'], outputs: ['h3'], attributes: [ints('cats_int64s', [1, 3, -1])] },
        { operator: 'Reshape', inputs: ['h3', 'shape'], outputs: ['h'] },
        { operator: 'OneHotEncoder', inputs: ['x'], outputs: ['g3'], attributes: [ints('cats_int64s', [0, 1, -3])] },
        { operator: 'Reshape', inputs: ['g3', 'wide'], outputs: ['g'] },
        {
          operator: 'Concat',
          inputs: ['f', 'c', 'h', 'g'],
          outputs: ['y'],
          attributes: [{ name: 'axis', type: 'INT', value: 1 }],
        },
      ],
      {
        inputs: [stringInput, wideInput(2)],
        initializers: [int64Tensor('shape', [-1, 3]), int64Tensor('wide', [0, -1])],
      },
    );
    const finite = NUMBERS.filter((value) => Math.abs(value) < 100);
    const { columns } = wideBatch(2, 6, finite);
    await expectParity(model, { rows: 6, columns: [['a', 'b', '', 'c', 'A', 'b'], ...columns] });
  });

  it.each(['Add', 'Sub', 'Mul', 'Div'])(
    '%s of a value and a constant on either side, and of two values',
    async (operator) => {
      for (const [constant, dims] of CONSTANTS) {
        const model = handmade(
          [
            { operator, inputs: ['x', 'c'], outputs: ['a'] },
            { operator, inputs: ['c', 'x'], outputs: ['b'] },
            { operator, inputs: ['a', 'b'], outputs: ['y'] },
          ],
          { initializers: [floatTensor('c', constant, dims)] },
        );
        await expectParity(model, wideBatch(4, 23));
      }
    },
  );

  it.each(['Exp', 'Identity', 'Sigmoid'])('%s', async (operator) => {
    const finite = NUMBERS.filter((value) => Math.abs(value) < 100);
    const model = handmade([{ operator, inputs: ['x'], outputs: ['y'] }]);
    await expectParity(model, wideBatch(4, 23, Float32Array.of(...finite, NaN, Infinity, -Infinity)));
  });

  it('LinearRegressor with several targets', async () => {
    const attributes = [
      floats('coefficients', [1, 2, 3, 4, -1, 0, 1, 0.5]),
      { name: 'targets', type: 'INT', value: 2 } as const,
    ];
    const model = handmade([{ operator: 'LinearRegressor', inputs: ['x'], outputs: ['y'], attributes }]);
    await expectParity(model, wideBatch(4, 9, Float32Array.of(1, -2, 3.5, NaN)));
  });

  const modes = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];
  const thresholds = [-1, 0, 0.1, 7.25];
  it.each(modes)('trees with %s, missing values both ways, and several targets', async (mode) => {
    for (const threshold of thresholds) {
      for (const tracks of [0, 1]) {
        const attributes = [
          ...twoTrees(mode, tracks, threshold),
          ...targets([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [1, 2, 4, 8, 16, 0.1, 0.2, 0.4, 0.8, 1.6], 'target'),
          { name: 'n_targets', type: 'INT', value: 2 } as const,
          floats('base_values', [100, -3]),
        ];
        const model = handmade([{ operator: 'TreeEnsembleRegressor', inputs: ['x'], outputs: ['y'], attributes }]);
        await expectParity(model, wideBatch(4, 37));
      }
    }
  });

  const binary = [
    ['positive', [1, 2, 4, 8, 16].map((w) => w / 40), 'NONE'],
    ['positive', [1, 2, 4, 8, 16].map((w) => w / 40), 'LOGISTIC'],
    ['positive', [1, 2, 4, 8, 16].map((w) => w / 40), 'SOFTMAX'],
    ['mixed', [-1, 2, -4, 0.5, 1], 'NONE'],
    ['mixed', [-1, 2, -4, 0.5, 1], 'LOGISTIC'],
    ['mixed', [-1, 2, -4, 0.5, 1], 'SOFTMAX'],
  ] as const;
  it('binary LinearClassifier of one row', async () => {
    const attributes = [
      floats('coefficients', [1, 2, -3, 0.5]),
      floats('intercepts', [0.5]),
      { name: 'classlabels_ints', type: 'INTS', value: [0, 1] } as const,
      string('post_transform', 'LOGISTIC'),
    ];
    const model = handmade([{ operator: 'LinearClassifier', inputs: ['x'], outputs: ['label', 'y'], attributes }]);
    await expectParity(model, wideBatch(4, 9, Float32Array.of(1, -2, 3.5, NaN)));
  });

  it.each(['NONE', 'LOGISTIC', 'SOFTMAX'])(
    'binary classifier whose weights name the second class only, %s',
    async (post) => {
      const attributes = [
        ...twoTrees('BRANCH_LEQ', 0, 0.1),
        ...targets([1, 1, 1, 1, 1], [-1, 2, -4, 0.5, 1], 'class'),
        { name: 'classlabels_int64s', type: 'INTS', value: [0, 1] } as const,
        string('post_transform', post),
      ];
      const model = handmade([
        { operator: 'TreeEnsembleClassifier', inputs: ['x'], outputs: ['label', 'y'], attributes },
      ]);
      await expectParity(model, wideBatch(4, 37));
    },
  );

  it.each(binary)('binary classifier whose weights name one class: %s %j %s', async (_, weights, post) => {
    for (const base of [[], [0.25]]) {
      const attributes = [
        ...twoTrees('BRANCH_LEQ', 0, 0.1),
        ...targets([0, 0, 0, 0, 0], weights, 'class'),
        { name: 'classlabels_int64s', type: 'INTS', value: [0, 1] } as const,
        string('post_transform', post),
        ...(base.length > 0 ? [floats('base_values', base)] : []),
      ];
      const model = handmade([
        { operator: 'TreeEnsembleClassifier', inputs: ['x'], outputs: ['label', 'y'], attributes },
      ]);
      await expectParity(model, wideBatch(4, 37));
    }
  });

  it.each(['NONE', 'LOGISTIC', 'SOFTMAX'])('three classes with base values, %s', async (post) => {
    const attributes = [
      ...twoTrees('BRANCH_LEQ', 1, 0.5),
      ...targets([0, 1, 2, 0, 1, 1, 2, 0, 1, 2], [1, 2, -4, 3, 1, 0.1, 0.2, 0.4, -0.8, 1.6], 'class'),
      { name: 'classlabels_strings', type: 'STRINGS', value: ['a', 'b', 'c'] } as const,
      string('post_transform', post),
      floats('base_values', [0.5, -0.5, 0.1]),
    ];
    const model = handmade([
      { operator: 'TreeEnsembleClassifier', inputs: ['x'], outputs: ['label', 'y'], attributes },
    ]);
    await expectParity(model, wideBatch(4, 37));
  });
});
