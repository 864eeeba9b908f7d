import type { MetricName } from '../ml/metrics/evaluate.js';
import { shorten } from '../platform/page/labels.js';
import { figure } from '../platform/page/numbers.js';

const METRIC_WORDS: Readonly<Record<MetricName, string>> = {
  rmse: 'Root mean squared error',
  mae: 'Mean absolute error',
  r2: 'R²',
  mape: 'Mean absolute percentage error',
  logLoss: 'Log loss',
  accuracy: 'Accuracy',
  balancedAccuracy: 'Balanced accuracy',
  f1Macro: 'F1, mean over classes',
  rocAuc: 'Area under the ROC curve',
  prAuc: 'Area under the precision–recall curve',
  brier: 'Brier score',
  ece: 'Calibration error',
};

/** Metrics of the document are named by text: those without words keep their names. */
export function metricTitle(name: string): string {
  return Object.hasOwn(METRIC_WORDS, name) ? METRIC_WORDS[name as MetricName] : shorten(name, 60);
}

export function metricFigure(value: number | null): string {
  return value === null ? '–' : figure(value);
}
