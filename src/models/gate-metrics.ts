import { logLosses, squaredErrors } from '../ml/metrics/losses.js';
import { mostProbable } from '../ml/metrics/classification.js';
import { type Direction, type MetricName, METRICS_OF_TASK, type Truth } from '../ml/metrics/evaluate.js';
import type { Task } from '../ml/schema/signature.js';

/** Row-major scores, as an evaluator gives them. */
type Scores = Float32Array;

interface ComparedMetric {
  readonly task: Task;
  /** How the losses of the rows make up the metric (for accuracy: 1 − accuracy). */
  readonly statistic: 'MEAN' | 'ROOT_MEAN';
  readonly losses: (truth: Truth, scores: Scores) => Float64Array;
}

/** Metrics that can decide between two models: those that are made of one loss a row, so that rows can be resampled. */
export const GATE_METRICS = {
  rmse: {
    task: 'REGRESSION',
    statistic: 'ROOT_MEAN',
    losses: (truth, scores) => squaredErrors(numbers(truth), scores),
  },
  mae: {
    task: 'REGRESSION',
    statistic: 'MEAN',
    losses: (truth, scores) => squaredErrors(numbers(truth), scores).map(Math.sqrt),
  },
  logLoss: {
    task: 'CLASSIFICATION',
    statistic: 'MEAN',
    losses: (truth, scores) => logLosses(labels(truth).codes, scores, labels(truth).classes.length),
  },
  brier: { task: 'CLASSIFICATION', statistic: 'MEAN', losses: brierLosses },
  accuracy: { task: 'CLASSIFICATION', statistic: 'MEAN', losses: errorLosses },
} as const satisfies Partial<Record<MetricName, ComparedMetric>>;

export type GateMetric = keyof typeof GATE_METRICS;

export function gateMetricsOf(task: Task): GateMetric[] {
  return (Object.keys(GATE_METRICS) as GateMetric[]).filter((name) => GATE_METRICS[name].task === task);
}

/** Direction of any metric of a task; undefined if the task has no such metric. */
export function directionOf(task: Task, metric: string): Direction | undefined {
  const directions: Readonly<Record<string, Direction | undefined>> = METRICS_OF_TASK[task];
  return Object.hasOwn(directions, metric) ? directions[metric] : undefined;
}

export function isBetter(direction: Direction, value: number, other: number): boolean {
  return direction === 'LOWER_IS_BETTER' ? value < other : value > other;
}

/** (p − y)² of the second of two classes, or summed over all classes if there are more: the rows of `brier`. */
function brierLosses(truth: Truth, scores: Scores): Float64Array {
  const { codes, classes } = labels(truth);
  const width = classes.length;
  const firstClass = width === 2 ? 1 : 0;
  return Float64Array.from(codes, (code, row) => {
    let loss = 0;
    for (let k = firstClass; k < width; k++) loss += (scores[row * width + k]! - (k === code ? 1 : 0)) ** 2;
    return loss;
  });
}

function errorLosses(truth: Truth, scores: Scores): Float64Array {
  const { codes, classes } = labels(truth);
  const predicted = mostProbable(scores, classes.length);
  return Float64Array.from(codes, (code, row) => (code === predicted[row] ? 0 : 1));
}

function numbers(truth: Truth): Float64Array {
  if (truth.task !== 'REGRESSION') throw new TypeError('this metric is for numbers, not for classes');
  return truth.values;
}

function labels(truth: Truth): Extract<Truth, { task: 'CLASSIFICATION' }> {
  if (truth.task !== 'CLASSIFICATION') throw new TypeError('this metric is for classes, not for numbers');
  return truth;
}
