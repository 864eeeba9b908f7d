import fc from 'fast-check';
import { ensembleOf, forestModel, type StoredTree } from '../../../test/fixtures/explanations/forests.js';
import { shapley, shapleyByLeaf, worth } from '../../../test/fixtures/explanations/shapley.js';
import { compile } from '../onnx/compile.js';
import { decodeModel } from '../onnx/decode.js';
import { encodeModel } from '../onnx/encode.js';
import { Random } from '../statistics/random.js';
import { createExplainer, type ScoreExplanation } from './explainer.js';

const noBeat = (): Promise<void> => Promise.resolve();

/**
 * A tree with a path of `depth` splits, from which subtrees branch off; columns come again and again on a path, and rows
 * without a value go either way.
 */
function randomTree(random: Random, depth: number, columns: number): StoredTree {
  const tree = {
    left: [] as number[],
    right: [] as number[],
    feature: [] as number[],
    threshold: [] as number[],
    covers: [] as number[],
    missingLeft: [] as number[],
    values: [] as number[],
  };
  const add = (levels: number, spine: boolean): number => {
    const at = tree.left.push(-1) - 1;
    tree.right.push(-1);
    tree.feature.push(random.below(columns));
    tree.threshold.push(random.below(5) - 2);
    tree.missingLeft.push(random.below(2));
    tree.values.push(20 * random.uniform() - 10);
    tree.covers.push(1 + random.below(1000));
    if (levels === 0 || (!spine && random.below(3) === 0)) return at;
    const spineLeft = random.below(2) === 0;
    tree.left[at] = add(spine && !spineLeft ? Math.min(levels - 1, 3) : levels - 1, spine && spineLeft);
    tree.right[at] = add(spine && spineLeft ? Math.min(levels - 1, 3) : levels - 1, spine && !spineLeft);
    tree.covers[at] = tree.covers[tree.left[at]]! + tree.covers[tree.right[at]]!;
    return at;
  };
  add(depth, true);
  return tree;
}

function randomRow(random: Random, columns: number): number[] {
  return Array.from({ length: columns }, () => (random.below(8) === 0 ? NaN : random.below(7) - 3));
}

async function explain(
  trees: readonly StoredTree[],
  rows: readonly (readonly number[])[],
): Promise<readonly ScoreExplanation[]> {
  const columns = rows[0]!.length;
  const explainer = createExplainer(
    compile(decodeModel(encodeModel(forestModel(columns, ensembleOf(trees))))),
    undefined,
  );
  const values = Array.from({ length: columns }, (_, i) => Float32Array.from(rows, (row) => row[i]!));
  const explained = await explainer.explain({ rows: rows.length, columns: values }, noBeat);
  return explained.map(([score]) => score!);
}

function expectSum({ base, output, contributions }: ScoreExplanation): void {
  const sum = contributions.reduce((total, part) => total + part, base);
  expect(Math.abs(sum - output)).toBeLessThan(1e-10 * Math.max(1, Math.abs(output)));
}

describe('a walk down a forest', () => {
  it('gives the Shapley values of their definition, whatever the depth', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0 }),
        async (depth, columns, seed) => {
          const random = new Random(seed, 1);
          const trees = [randomTree(random, depth, columns), randomTree(random, Math.min(depth, 2), columns)];
          // More rows than go down together.
          const rows = Array.from({ length: 67 }, () => randomRow(random, columns));
          const explained = await explain(trees, rows);
          explained.forEach(expectSum);
          for (const row of [0, 66]) {
            const value = (known: number): number =>
              trees.reduce((sum, tree) => sum + worth(tree, rows[row]!, known, 0), 0);
            const { base, output, contributions } = explained[row]!;
            expect(base).toBeCloseTo(value(0), 9);
            expect(output).toBeCloseTo(value((1 << columns) - 1), 9);
            shapley(columns, value).forEach((expected, column) => {
              expect(contributions[column]).toBeCloseTo(expected, 9);
            });
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([12, 30])('stays exact where a path of %i splits has as many columns', async (depth) => {
    const random = new Random(depth, 2);
    const columns = 2 * depth;
    const tree = randomTree(random, depth, columns);
    const rows = [randomRow(random, columns), randomRow(random, columns)];
    const explained = await explain([tree], rows);
    explained.forEach(({ contributions }, row) => {
      expectSum(explained[row]!);
      shapleyByLeaf(tree, rows[row]!).forEach((expected, column) => {
        expect(contributions[column]).toBeCloseTo(expected, 9);
      });
    });
  });
});
