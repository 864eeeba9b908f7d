/** Quality of predictions, computed alike for all contenders. */
import type { Task } from '../../../src/ml/schema/signature.ts';
import { evaluateMetrics } from './built.ts';

export type Quality = Readonly<Record<string, number>>;

/** @param predictions values, or probabilities of class 1. */
export function qualityOf(task: Task, truth: Float64Array, predictions: Float32Array): Quality {
  if (task === 'REGRESSION') {
    const metrics = evaluateMetrics({ task, values: truth }, predictions);
    return 'r2' in metrics ? { 'R²': metrics.r2 ?? NaN, RMSE: metrics.rmse } : {};
  }
  const scores = new Float64Array(2 * predictions.length);
  predictions.forEach((p, row) => {
    scores.set([1 - p, p], 2 * row);
  });
  const metrics = evaluateMetrics({ task, codes: Int32Array.from(truth), classes: ['0', '1'] }, scores);
  return 'rocAuc' in metrics ? { AUC: metrics.rocAuc ?? NaN, 'log loss': metrics.logLoss } : {};
}
