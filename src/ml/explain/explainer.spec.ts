import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ensembleOf, forestModel, type StoredTree } from '../../../test/fixtures/explanations/forests.js';
import { shapley, worth } from '../../../test/fixtures/explanations/shapley.js';
import { compile } from '../onnx/compile.js';
import { decodeModel } from '../onnx/decode.js';
import { encodeModel } from '../onnx/encode.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { OnnxModel } from '../onnx/model.js';
import type { Batch } from '../schema/evaluator.js';
import { createExplainer } from './explainer.js';
import { UnexplainableError } from './unexplainable.js';

interface ShapCase {
  readonly name: string;
  readonly rows?: readonly (readonly (number | null)[])[];
  /** By score, and [rows, columns, scores]. */
  readonly expected: readonly number[];
  readonly contributions: readonly (readonly (readonly number[])[])[];
}
interface ShapFixture {
  readonly rows: readonly (readonly number[])[];
  readonly trees: readonly (ShapCase & { readonly trees: readonly StoredTree[]; readonly base: readonly number[] })[];
  readonly linear: readonly (ShapCase & {
    readonly coefficients: readonly (readonly number[])[];
    readonly intercepts: readonly number[];
    readonly means: readonly number[];
  })[];
}
const stored = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/explanations/shap.json', import.meta.url), 'utf8'),
) as ShapFixture;

const noBeat = (): Promise<void> => Promise.resolve();

function batchOf(rows: readonly (readonly (number | null)[])[]): Batch {
  const columns = rows[0]!.map((_, i) => Float32Array.from(rows, (row) => row[i] ?? NaN));
  return { rows: rows.length, columns };
}

/** Over the wire format, as an artifact comes. */
function explainerOf(model: OnnxModel, means?: readonly number[]) {
  return createExplainer(compile(decodeModel(encodeModel(model))), means);
}

describe('the shap package', () => {
  it.each(stored.trees)('agrees: $name', async ({ trees, base, rows = stored.rows, expected, contributions }) => {
    const explainer = explainerOf(forestModel(rows[0]!.length, ensembleOf(trees)));
    const explained = await explainer.explain(batchOf(rows), noBeat);
    const start = (k: number): number => base[k] ?? 0;
    explained.forEach((scores, row) => {
      expect(scores).toHaveLength(expected.length);
      scores.forEach((score, k) => {
        expect(score.base + start(k)).toBeCloseTo(expected[k]!, 5);
        contributions[row]!.forEach((of, column) => {
          expect(score.contributions[column]).toBeCloseTo(of[k]!, 5);
        });
      });
    });
  });

  it.each(stored.linear)('agrees: $name', async ({ coefficients, intercepts, means, expected, contributions }) => {
    const graph = new GraphBuilder();
    const row = graph.concat(means.map((_, i) => graph.input(`c${i}`, 'float')));
    const output =
      intercepts.length === 1
        ? graph.linearRegressor(row, coefficients[0]!, intercepts[0]!)
        : graph.linearClassifier(row, coefficients.flat(), intercepts, ['a', 'b', 'c'], 'SOFTMAX');
    graph.output('output', output);
    const explained = await explainerOf(graph.build('linear'), means).explain(batchOf(stored.rows), noBeat);
    explained.forEach((scores, index) => {
      scores.forEach((score, k) => {
        expect(score.base).toBeCloseTo(expected[k]!, 5);
        contributions[index]!.forEach((of, column) => {
          expect(score.contributions[column]).toBeCloseTo(of[k]!, 5);
        });
      });
    });
  });
});

const COLUMNS = 4;

/** Any tree over a few columns, which come again on its paths, with rows for every leaf. */
const anyTree = fc
  .integer({ min: 0, max: 4 })
  .chain((depth) => subtree(depth))
  .map((root) => flatten(root));

type Shape =
  | { readonly value: readonly [number, number]; readonly rows: number }
  | {
      readonly feature: number;
      readonly threshold: number;
      readonly missingLeft: number;
      readonly left: Shape;
      readonly right: Shape;
    };

function subtree(depth: number): fc.Arbitrary<Shape> {
  const value = fc.double({ min: -10, max: 10, noNaN: true });
  const leaf = fc.record({ value: fc.tuple(value, value), rows: fc.integer({ min: 1, max: 1000 }) });
  if (depth === 0) return leaf;
  const split = fc.record({
    feature: fc.integer({ min: 0, max: COLUMNS - 2 }),
    threshold: fc.integer({ min: -2, max: 2 }),
    missingLeft: fc.integer({ min: 0, max: 1 }),
    left: subtree(depth - 1),
    right: subtree(depth - 1),
  });
  return fc.oneof({ weight: 1, arbitrary: leaf }, { weight: 4, arbitrary: split });
}

function flatten(root: Shape): StoredTree {
  const tree = {
    left: [] as number[],
    right: [] as number[],
    feature: [] as number[],
    threshold: [] as number[],
    covers: [] as number[],
    missingLeft: [] as number[],
    values: [] as [number, number][],
  };
  const add = (shape: Shape): number => {
    const at = tree.left.push(-1) - 1;
    tree.right.push(-1);
    const inner = 'feature' in shape;
    tree.feature.push(inner ? shape.feature : -1);
    tree.threshold.push(inner ? shape.threshold : 0);
    tree.missingLeft.push(inner ? shape.missingLeft : 0);
    tree.values.push(inner ? [0, 0] : [...shape.value]);
    tree.covers.push(inner ? 0 : shape.rows);
    if (!inner) return at;
    tree.left[at] = add(shape.left);
    tree.right[at] = add(shape.right);
    tree.covers[at] = tree.covers[tree.left[at]]! + tree.covers[tree.right[at]]!;
    return at;
  };
  add(root);
  return tree;
}

describe('contributions of trees', () => {
  const anyRow = fc.tuple(
    ...Array.from({ length: COLUMNS }, () => fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(NaN))),
  );

  it('are the Shapley values of their definition, add up to the score, and are 0 for columns that nothing reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyTree, { minLength: 1, maxLength: 3 }), anyRow, async (trees, row) => {
        const explainer = explainerOf(forestModel(COLUMNS, ensembleOf(trees)));
        const [scores] = await explainer.explain(batchOf([row]), noBeat);
        // Two outputs are two classes, of which the second is explained.
        const value = (known: number): number => trees.reduce((sum, tree) => sum + worth(tree, row, known, 1), 0);
        const { base, output, contributions } = scores![0]!;
        expect(base).toBeCloseTo(value(0), 9);
        expect(output).toBeCloseTo(value((1 << COLUMNS) - 1), 9);
        shapley(COLUMNS, value).forEach((expected, column) => {
          expect(contributions[column]).toBeCloseTo(expected, 9);
        });
        expect(contributions.reduce((sum, part) => sum + part, base)).toBeCloseTo(output, 9);
        expect(contributions[COLUMNS - 1]).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('are the same for two columns that the model treats alike', async () => {
    // 1 if both are above 0, whichever is asked first.
    const both = (first: number, second: number): StoredTree => ({
      left: [1, -1, 3, -1, -1],
      right: [2, -1, 4, -1, -1],
      feature: [first, -1, second, -1, -1],
      threshold: [0, 0, 0, 0, 0],
      covers: [100, 50, 50, 25, 25],
      values: [0, 0, 0, 0, 1],
    });
    const explainer = explainerOf(forestModel(2, ensembleOf([both(0, 1), both(1, 0)])));
    const [scores] = await explainer.explain(batchOf([[1, 1]]), noBeat);
    const [first, second] = scores![0]!.contributions;
    expect(first).toBeCloseTo(second!, 12);
    expect(first).toBeCloseTo(0.75, 12);
  });
});

describe('a model that can not be explained', () => {
  const tree: StoredTree = {
    left: [1, -1, -1],
    right: [2, -1, -1],
    feature: [0, -1, -1],
    threshold: [0, 0, 0],
    covers: [3, 1, 2],
    values: [0, 1, 2],
  };

  it('has trees without counts, or with hit rates that count nothing', () => {
    const { covers, ...without } = ensembleOf([tree]);
    expect(covers).toBeDefined();
    expect(() => explainerOf(forestModel(1, without))).toThrow(UnexplainableError);
    for (const rates of [
      [1, 1, 1],
      [3, 0, 3],
    ]) {
      const model = forestModel(1, { ...without, covers: Float32Array.from(rates) });
      expect(() => explainerOf(model)).toThrow(/how many training rows/);
    }
  });

  it('is linear and its means were not kept', () => {
    const graph = new GraphBuilder();
    graph.output('output', graph.linearRegressor(graph.input('a', 'float'), [1], 0));
    expect(() => explainerOf(graph.build('linear'))).toThrow(/means/);
  });

  it('mixes columns before it scores them', () => {
    const model = forestModel(2, ensembleOf([tree]));
    const normalised: OnnxModel = {
      ...model,
      graph: {
        ...model.graph,
        nodes: model.graph.nodes.flatMap((node) =>
          node.operator === 'Concat'
            ? [
                { ...node, outputs: ['joined'] },
                { ...node, operator: 'Normalizer', domain: 'ai.onnx.ml', inputs: ['joined'], attributes: [] },
              ]
            : [node],
        ),
      },
    };
    expect(() => explainerOf(normalised)).toThrow(/Normalizer mixes/);
  });
});

it('stops where the beat throws, also within one tree', async () => {
  const levels = 13;
  const inner = 2 ** levels - 1;
  const nodes = 2 * inner + 1;
  const range = Array.from({ length: nodes }, (_, node) => node);
  const deep: StoredTree = {
    left: range.map((node) => (node < inner ? 2 * node + 1 : -1)),
    right: range.map((node) => (node < inner ? 2 * node + 2 : -1)),
    feature: range.map((node) => node % 6),
    threshold: range.map(() => 0),
    covers: range.map((node) => 2 ** (levels - Math.floor(Math.log2(node + 1)))),
    values: range.map((node) => node),
  };
  const explainer = explainerOf(forestModel(6, ensembleOf([deep])));
  let beats = 0;
  const stop = (): Promise<void> => (++beats < 2 ? Promise.resolve() : Promise.reject(new Error('enough')));
  await expect(explainer.explain(batchOf([[1, 1, 1, 1, 1, 1]]), stop)).rejects.toThrow('enough');
});
