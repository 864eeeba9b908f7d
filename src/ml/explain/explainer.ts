import { CompiledEvaluator } from '../onnx/compile.js';
import { fillSlots } from '../onnx/kernels/slots.js';
import type { Batch, Evaluator } from '../schema/evaluator.js';
import { type Head, readHead, type ScoreUnit } from './head.js';
import { linearSums } from './linear-sums.js';
import { originsOf } from './origins.js';
import { type CoveredForest, type ForestSums, TreeWalk } from './tree-walk.js';
import { UnexplainableError } from './unexplainable.js';

/** A score of one row: base + Σ contributions = output. */
export interface ScoreExplanation {
  /** Index of the class that the score speaks for; absent for a regression. */
  readonly class?: number;
  /** The mean of the score over the training rows. */
  readonly base: number;
  /** The score of this row, in the unit of the explainer. */
  readonly output: number;
  /** By column of the batch. */
  readonly contributions: Float64Array;
}

/** Called often while the explainer computes: to end the turn of the event loop, or the work, by throwing. */
export type Beat = () => Promise<void>;

/** Nodes walked between two beats, times scores: about two milliseconds. */
const STEPS = 16_384;
/** Numbers that the stack of a walk may take. */
const MAX_STACK = 4_000_000;

/** Divides the scores of rows among the columns that they were computed from. */
export interface Explainer {
  readonly unit: ScoreUnit;
  /** Whether the served probabilities are a function of these scores that was fitted afterwards. */
  readonly calibrated: boolean;
  /** Scores a row. */
  readonly scores: number;
  /** The scores of every row. @throws what `beat` throws. */
  explain(batch: Batch, beat: Beat): Promise<readonly (readonly ScoreExplanation[])[]>;
}

/**
 * An explainer of a model. Linear models: exact, each column's distance from its mean times its weight. Trees:
 * path-dependent TreeSHAP. Columns that were made from one input, such as its categories, are added up.
 *
 * @param means linear models: mean of each prepared column over the training rows, as `columnMeans` gives it.
 * @throws UnexplainableError for a model that is not compiled, for one whose scores aren't a linear function or trees, for trees without the counts of
 *   training rows (`nodes_hitrates`), and for a linear model without means.
 */
export function createExplainer(evaluator: Evaluator, means: ArrayLike<number> | undefined): Explainer {
  if (!(evaluator instanceof CompiledEvaluator)) {
    throw new UnexplainableError('it holds operators that only ONNX Runtime knows');
  }
  const head = readHead(evaluator.program);
  const origins = originsOf(evaluator, head.input);
  const inputs = evaluator.program.inputs.reduce((sum, { columns = 1 }) => sum + columns, 0);
  const sumsOf = head.kind === 'TREES' ? treeSums(head, origins, inputs) : linear(head, origins, inputs, means);
  const place = evaluator.placeOf(head.input);
  return {
    unit: head.unit,
    calibrated: head.calibrated,
    scores: head.scores.length,
    async explain(batch, beat) {
      const { values, width } = evaluator.compute(batch, place);
      const explained: ScoreExplanation[][] = [];
      for (let row = 0; row < batch.rows; row++) {
        const sums = await sumsOf(values.subarray(row * width, (row + 1) * width), beat);
        explained.push(head.scores.map((score) => combine(score, sums, inputs)));
        await beat();
      }
      return explained;
    },
  };
}

/** Sums of one row of the matrix that the head reads. */
type SumsOf = (row: Float32Array, beat: Beat) => Promise<ForestSums>;

function linear(
  head: Head & { kind: 'LINEAR' },
  origins: Int32Array,
  inputs: number,
  means: ArrayLike<number> | undefined,
): SumsOf {
  if (means?.length !== origins.length) {
    throw new UnexplainableError('the means of its columns over the training rows were not kept when it was made');
  }
  return (row) => Promise.resolve(linearSums(head, origins, inputs, means, row));
}

function treeSums({ compiled, base, scores }: Head & { kind: 'TREES' }, origins: Int32Array, inputs: number): SumsOf {
  const { forest, slots, covers } = compiled;
  if (!covers) {
    throw new UnexplainableError('its trees do not tell how many training rows came through each node');
  }
  const deepest = forest.depths.reduce((most, depth) => Math.max(most, depth), 0);
  if (deepest * Math.min(deepest, slots.features.length) * forest.width > 2 * MAX_STACK) {
    throw new UnexplainableError(`its deepest tree has ${deepest} levels, too many for an explanation`);
  }
  const covered: CoveredForest = { ...compiled, covers };
  const width = origins.length;
  // Of two classes, one is enough.
  const wanted = Int32Array.from(new Set(scores.flatMap(({ terms }) => terms.map(({ output }) => output))));
  const steps = Math.ceil(STEPS / wanted.length);
  return async (row, beat) => {
    const walk = new TreeWalk(covered, width, origins, wanted);
    const values = new Float32Array(slots.kinds.length);
    const frame = { values: row, stride: width, batch: NO_BATCH, first: 0, rows: 1 };
    fillSlots(slots, frame, 0, { values, at: 0, stride: 0, lanes: 1 });
    const sums: ForestSums = {
      output: withBase(base, forest.width),
      base: withBase(base, forest.width),
      contributions: new Float64Array(forest.width * inputs),
    };
    for (let tree = 0; tree < forest.roots.length; tree++) {
      walk.enter(tree);
      while (!walk.run(values, sums, steps)) await beat();
      await beat();
    }
    return sums;
  };
}

const NO_BATCH: Batch = { rows: 0, columns: [] };

function withBase(base: Float32Array, width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, k) => base[k] ?? 0);
}

function combine(score: Head['scores'][number], sums: ForestSums, inputs: number): ScoreExplanation {
  const contributions = new Float64Array(inputs);
  let [base, output] = [0, 0];
  for (const { output: from, sign } of score.terms) {
    base += sign * sums.base[from]!;
    output += sign * sums.output[from]!;
    for (let i = 0; i < inputs; i++) contributions[i]! += sign * sums.contributions[from * inputs + i]!;
  }
  return { ...(score.class !== undefined && { class: score.class }), base, output, contributions };
}
