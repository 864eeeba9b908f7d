import { CompiledEvaluator } from '../onnx/compile.js';
import type { Batch, Evaluator } from '../schema/evaluator.js';
import { type Head, readHead, type ScoreUnit } from './head.js';
import { linearSums } from './linear-sums.js';
import { originsOf } from './origins.js';
import type { Beat, RowSums, SumsOf } from './row-sums.js';
import { treeSums } from './tree-sums.js';
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
      for await (const sums of sumsOf({ values, width, rows: batch.rows }, beat)) {
        explained.push(head.scores.map((score) => combine(score, sums, inputs)));
        await beat();
      }
      return explained;
    },
  };
}

function linear(
  head: Head & { kind: 'LINEAR' },
  origins: Int32Array,
  inputs: number,
  means: ArrayLike<number> | undefined,
): SumsOf {
  if (means?.length !== origins.length) {
    throw new UnexplainableError('the means of its columns over the training rows were not kept when it was made');
  }
  // eslint-disable-next-line @typescript-eslint/require-await
  return async function* ({ values, width, rows }) {
    for (let row = 0; row < rows; row++) {
      yield linearSums(head, origins, inputs, means, values.subarray(row * width, (row + 1) * width));
    }
  };
}

function combine(score: Head['scores'][number], sums: RowSums, inputs: number): ScoreExplanation {
  const contributions = new Float64Array(inputs);
  let [base, output] = [0, 0];
  for (const { output: from, sign } of score.terms) {
    base += sign * sums.base[from]!;
    output += sign * sums.output[from]!;
    for (let i = 0; i < inputs; i++) contributions[i]! += sign * sums.contributions[from * inputs + i]!;
  }
  return { ...(score.class !== undefined && { class: score.class }), base, output, contributions };
}
