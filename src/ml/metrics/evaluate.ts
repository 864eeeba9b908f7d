import type { Task } from '../schema/signature.js';
import { classificationMetrics, type ClassificationMetrics } from './classification.js';
import { logLosses, squaredErrors } from './losses.js';
import { regressionMetrics, type Numbers, type RegressionMetrics } from './regression.js';

/** The truth that scores are compared with. A training table's target is one. */
export type Truth =
  | { readonly task: 'REGRESSION'; readonly values: Float64Array }
  | { readonly task: 'CLASSIFICATION'; readonly codes: Int32Array; readonly classes: readonly string[] };

export type Metrics = RegressionMetrics | ClassificationMetrics;

/** Name of a metric that is one number; what a gate or a policy may refer to. */
export type MetricName =
  Exclude<keyof RegressionMetrics, 'rows'> | Exclude<keyof ClassificationMetrics, 'rows' | 'f1' | 'confusion'>;

export type Direction = 'LOWER_IS_BETTER' | 'HIGHER_IS_BETTER';

const LOWER = 'LOWER_IS_BETTER';
const HIGHER = 'HIGHER_IS_BETTER';

export const METRICS_OF_TASK: Readonly<Record<Task, Readonly<Partial<Record<MetricName, Direction>>>>> = {
  REGRESSION: { rmse: LOWER, mae: LOWER, r2: HIGHER, mape: LOWER },
  CLASSIFICATION: {
    logLoss: LOWER,
    accuracy: HIGHER,
    balancedAccuracy: HIGHER,
    f1Macro: HIGHER,
    rocAuc: HIGHER,
    prAuc: HIGHER,
    brier: LOWER,
    ece: LOWER,
  },
};

/** What models of a task are compared by unless told otherwise. */
export function primaryMetric(task: Task): { readonly name: MetricName; readonly direction: Direction } {
  return { name: task === 'REGRESSION' ? 'rmse' : 'logLoss', direction: LOWER };
}

/**
 * All metrics of a model's scores.
 * @param scores predictions, length n, or probabilities, row-major [n, classes] in the order of the truth's classes.
 * @throws RangeError if the lengths don't fit or there are no rows.
 */
export function evaluateMetrics(truth: Truth, scores: Numbers): Metrics {
  return truth.task === 'REGRESSION'
    ? regressionMetrics(truth.values, scores)
    : classificationMetrics(truth.codes, scores, truth.classes);
}

/** Loss per row whose mean (or its root) is the primary metric: log loss, or squared error. */
export function rowLosses(truth: Truth, scores: Numbers): Float64Array {
  return truth.task === 'REGRESSION'
    ? squaredErrors(truth.values, scores)
    : logLosses(truth.codes, scores, truth.classes.length);
}
