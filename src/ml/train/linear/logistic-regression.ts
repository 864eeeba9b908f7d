import { defineTrainer, type FitContext } from '../algorithm.js';
import { TrainingDataError } from '../errors.js';
import { prepareFeatures, signatureOf } from '../features.js';
import { encodeGraph } from '../graph.js';
import { MAX_CATEGORIES } from '../hyperparameters.js';
import { CLASS_BALANCE } from '../weights.js';
import { factorise, inverseForm, type Factor } from './cholesky.js';
import { describeWeights, slopes, type Coefficient, type Intercept, type Variance } from './coefficients.js';
import { addDesignNodes, buildDesign, type Design } from './design.js';
import { minimise, type MinimiseOptions } from './lbfgs.js';
import { binaryLoss, multinomialLoss, type LogisticProblem } from './logistic-loss.js';
import { newton } from './newton.js';

/** Beyond this width a Hessian costs more than the iterations it saves. */
const MAX_NEWTON_WIDTH = 400;

/** Rows of the sample that the start comes from, at least. */
const SAMPLE_ROWS = 8192;
const SAMPLE_ROWS_A_COLUMN = 200;
/** The sample's minimum is farther than that from the whole's. */
const SAMPLE_TOLERANCE = 1e-4;

/**
 * Logistic regression with an L2 penalty (scikit-learn's meaning of C) on standardised numbers and one indicator per
 * category; the penalty takes care of the indicators' collinearity. Missing numbers are replaced by the mean. Two
 * classes: Newton's method, or L-BFGS for wide data. More classes: softmax, L-BFGS. Unseen categories add nothing.
 */
export const logisticRegression = defineTrainer({
  tasks: ['CLASSIFICATION'],
  hyperparameters: [
    {
      name: 'C',
      type: 'NUMBER',
      min: 1e-6,
      max: 1e6,
      default: 1,
      description: 'Inverse strength of the L2 penalty: smaller means simpler models.',
      search: { min: 1e-3, max: 1e3, scale: 'LOG' },
    },
    {
      name: 'tolerance',
      type: 'NUMBER',
      min: 1e-10,
      max: 1e-2,
      default: 1e-6,
      description: "Stop when no component of the mean loss's gradient exceeds this.",
    },
    { name: 'maxIterations', type: 'INTEGER', min: 1, max: 10_000, default: 500, description: 'Iterations, at most.' },
    CLASS_BALANCE,
    MAX_CATEGORIES,
  ],
  train: fitLogisticRegression,
});

async function fitLogisticRegression({ table, weights, hyperparameters, heartbeat, warnings }: FitContext) {
  const { target } = table;
  if (target.task !== 'CLASSIFICATION')
    throw new TrainingDataError('WRONG_TASK', 'A logistic regression needs classes.');
  const maxIterations = hyperparameters.maxIterations!;
  const prepared = prepareFeatures(table, hyperparameters.maxCategories!, warnings);
  const design = buildDesign(table.rows, prepared, 'NONE', warnings);
  const problem = { design, codes: target.codes, weights, C: hyperparameters.C!, heartbeat };
  const fitted = await fitWeights(problem, target.classes, {
    maxIterations,
    tolerance: hyperparameters.tolerance!,
    onIteration: (iteration, loss) =>
      heartbeat.report({ done: iteration, total: maxIterations, message: `iteration ${iteration}`, loss }),
  });
  if (!fitted.converged) {
    const message = `No convergence within ${maxIterations} iterations. Raise maxIterations, or lower C.`;
    warnings.push({ code: 'NOT_CONVERGED', message });
  }
  const onnx = encodeGraph('logistic-regression', 'CLASSIFICATION', prepared, (graph) =>
    graph.linearClassifier(
      addDesignNodes(graph, design),
      fitted.weights.flatMap((weights) => slopes(design, weights)),
      fitted.weights.map((weights) => weights[design.numbers]!),
      target.classes,
      target.classes.length === 2 ? 'LOGISTIC' : 'SOFTMAX',
    ),
  );
  const described = fitted.weights.map((weights, k) =>
    describeWeights(design, weights, fitted.variance, target.classes.length === 2 ? undefined : target.classes[k]),
  );
  const coefficients: Coefficient[] = described.flatMap((one) => one.coefficients);
  const intercepts: Intercept[] = described.map((one) => one.intercept);
  const summary = { kind: 'LINEAR' as const, coefficients, intercepts };
  return { onnx, signature: signatureOf(table, prepared), summary };
}

interface FittedWeights {
  /** One vector over the design's columns, that of the second class, or one for each class. */
  readonly weights: Float64Array[];
  readonly converged: boolean;
  readonly variance: Variance;
}

async function fitWeights(
  problem: LogisticProblem,
  classes: readonly string[],
  options: MinimiseOptions,
): Promise<FittedWeights> {
  const { design } = problem;
  const noVariance = (): undefined => undefined;
  if (classes.length > 2) {
    const start = new Float64Array(design.width * classes.length);
    const { x, converged } = await minimise((w, g) => multinomialLoss(problem, classes.length, w, g), start, options);
    return { weights: classes.map((_, k) => ofClass(x, k, classes.length)), converged, variance: noVariance };
  }
  const start = new Float64Array(design.width);
  if (design.width > MAX_NEWTON_WIDTH) {
    const { x, converged } = await minimise((w, g) => binaryLoss(problem, w, g), start, options);
    return { weights: [x], converged, variance: noVariance };
  }
  const near = await startNear(problem, start, options);
  const { x, converged, hessian } = await newton(
    (w, g, h) => binaryLoss(problem, w, g, h),
    near,
    problem.heartbeat,
    options,
  );
  const factor = await factorise(hessian, design.width, problem.heartbeat);
  return { weights: [x], converged, variance: posteriorVariance(design, factor) };
}

/**
 * The minimum for a sample of the rows, to the sample's own precision. From there the whole takes two or three steps
 * instead of six or seven.
 */
async function startNear(
  problem: LogisticProblem,
  start: Float64Array,
  { maxIterations }: MinimiseOptions,
): Promise<Float64Array> {
  const { design, heartbeat } = problem;
  const step = Math.floor(design.rows / Math.max(SAMPLE_ROWS, SAMPLE_ROWS_A_COLUMN * design.width));
  if (step < 2) return start;
  const objective = (w: Float64Array, g: Float64Array, h: Float64Array): Promise<number> =>
    binaryLoss(problem, w, g, h, step);
  return (await newton(objective, start, heartbeat, { maxIterations, tolerance: SAMPLE_TOLERANCE })).x;
}

/** From the Hessian of the penalised mean loss at the minimum (Laplace's approximation). */
function posteriorVariance(design: Design, factor: Factor): Variance {
  return (v, from) => inverseForm(factor, v, from) / design.rows;
}

function ofClass(weights: Float64Array, k: number, classes: number): Float64Array {
  return weights.filter((_, i) => i % classes === k);
}
