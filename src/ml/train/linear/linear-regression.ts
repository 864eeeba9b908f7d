import { defineTrainer, type FitContext } from '../algorithm.js';
import { TrainingDataError, type TrainingWarning } from '../errors.js';
import { prepareFeatures, signatureOf, type PreparedFeature } from '../features.js';
import { encodeGraph } from '../graph.js';
import type { Heartbeat } from '../heartbeat.js';
import { MAX_CATEGORIES } from '../hyperparameters.js';
import type { TrainingTable } from '../table.js';
import { factorise, inverseForm, solve, type Factor } from './cholesky.js';
import { describeWeights, slopes } from './coefficients.js';
import { addDesignNodes, buildDesign, type Design } from './design.js';
import { blocksOf, RowSums, scoreBlock } from './products.js';

/** Normal equations of more columns take too long to solve; categories are cut until they fit. */
const MAX_WIDTH = 2000;

/**
 * Ordinary least squares, or weighted ones, with an intercept, by normal equations on standardised columns (Cholesky) and one step of
 * iterative refinement. Missing numbers are replaced by the mean. A categorical feature's most frequent category is the
 * base of the others, so that indicators aren't collinear with the intercept; unseen categories count as that base.
 * Columns that depend on earlier ones get the coefficient 0 and a warning. Standard errors are the classical ones,
 * s²·(XᵀΩX)⁻¹ with weights Ω and n − rank degrees of freedom.
 */
export const linearRegression = defineTrainer({
  tasks: ['REGRESSION'],
  hyperparameters: [MAX_CATEGORIES],
  train: fitLinearRegression,
});

async function fitLinearRegression({ table, weights: rowWeights, hyperparameters, heartbeat, warnings }: FitContext) {
  const { target } = table;
  if (target.task !== 'REGRESSION') throw new TrainingDataError('WRONG_TASK', 'A linear regression needs numbers.');
  const prepared = prepareNarrow(table, hyperparameters.maxCategories!, warnings);
  const design = buildDesign(table.rows, prepared, 'MOST_FREQUENT', warnings);

  const factor = await factorise(await gramMatrix(design, rowWeights, heartbeat), design.width, heartbeat);
  await heartbeat.report({ done: 1, total: 2, message: 'normal equations solved' });
  warnAboutAliases(design, factor, warnings);

  const weights = new Float64Array(design.width);
  for (let step = 0; step < 2; step++) {
    const { gradient } = await residuals(design, target.values, rowWeights, weights, heartbeat);
    solve(factor, gradient).forEach((change, column) => (weights[column]! += change));
  }
  const { squares } = await residuals(design, target.values, rowWeights, weights, heartbeat);

  const freedom = table.rows - factor.aliased.reduce((rank, isAliased) => rank - isAliased, design.width);
  const noise = freedom > 0 ? squares / freedom : NaN;
  const variance = (v: Float64Array, from: number): number | undefined =>
    factor.aliased[from] === 1 && from > 0 ? undefined : noise * inverseForm(factor, v, from);
  const { coefficients, intercept } = describeWeights(design, weights, variance);
  const loss = squares / table.rows;
  await heartbeat.report({ done: 2, total: 2, message: 'coefficients and standard errors computed', loss });

  const onnx = encodeGraph('linear-regression', 'REGRESSION', prepared, (graph) =>
    graph.linearRegressor(addDesignNodes(graph, design), slopes(design, weights), weights[design.numbers]!),
  );
  const summary = { kind: 'LINEAR' as const, coefficients, intercepts: [intercept] };
  return { onnx, signature: signatureOf(table, prepared), summary };
}

/** Prepared features whose design matrix has at most MAX_WIDTH columns, with as many categories as that allows. */
function prepareNarrow(table: TrainingTable, maxCategories: number, warnings: TrainingWarning[]): PreparedFeature[] {
  for (let limit = maxCategories; ; limit = Math.ceil(limit / 2)) {
    const found: TrainingWarning[] = [];
    const prepared = prepareFeatures(table, limit, found);
    const width = prepared.reduce((sum, f) => sum + (f.kind === 'CATEGORICAL' ? f.categories.length : 1), 1);
    if (width > MAX_WIDTH && limit > 1) continue;
    warnings.push(...found);
    return prepared;
  }
}

/** XᵀΩX with the diagonal Ω of the rows' weights. */
async function gramMatrix(
  design: Design,
  rowWeights: Float64Array | undefined,
  heartbeat: Heartbeat,
): Promise<Float64Array> {
  const sums = new RowSums(design, true);
  for (const block of blocksOf(design)) {
    const { first, count } = block;
    if (rowWeights) design.dense.factors.set(rowWeights.subarray(first, first + count));
    else design.dense.factors.fill(1, 0, count);
    sums.addOuter(block);
    await heartbeat.beat();
  }
  const gram = new Float64Array(design.width * design.width);
  sums.readGram(gram);
  return gram;
}

/** XᵀΩ(y − Xw) and (y − Xw)ᵀΩ(y − Xw). */
async function residuals(
  design: Design,
  y: Float64Array,
  rowWeights: Float64Array | undefined,
  weights: Float64Array,
  heartbeat: Heartbeat,
) {
  const { scores, factors } = design.dense;
  const sums = new RowSums(design, false);
  let squares = 0;
  for (const block of blocksOf(design)) {
    scoreBlock(design, block, weights);
    for (let i = 0; i < block.count; i++) {
      const row = block.first + i;
      const residual = y[row]! - scores[i]!;
      const weighted = rowWeights === undefined ? residual : rowWeights[row]! * residual;
      squares += weighted * residual;
      factors[i] = weighted;
    }
    sums.addRows(block);
    await heartbeat.beat();
  }
  const gradient = new Float64Array(design.width);
  sums.readRows(gradient);
  return { gradient, squares };
}

function warnAboutAliases(design: Design, { aliased }: Factor, warnings: TrainingWarning[]): void {
  const dependent = design.columns.filter((_, k) => aliased[k < design.numbers ? k : k + 1] === 1);
  for (const { feature, category } of dependent) {
    const what = category === undefined ? `"${feature}"` : `"${feature}" = "${category}"`;
    const message = `${what} is determined by other features; its coefficient is 0.`;
    warnings.push({ code: 'COLLINEAR_FEATURE', feature, message });
  }
}
