import { createExplainer } from '../../../ml/explain/explainer.js';
import { UnexplainableError } from '../../../ml/explain/unexplainable.js';
import { CompiledEvaluator } from '../../../ml/onnx/compile.js';
import type { Evaluator } from '../../../ml/schema/evaluator.js';
import type { TrainingTable } from '../../../ml/train/table.js';
import type { Manifest } from '../../../models/artifact/manifest.js';
import { describeMeans } from '../../container/describe-means.js';

/** Where the explanations of a model start, or a warning that says why it has none. */
export async function describeExplainable(
  evaluator: Evaluator,
  train: TrainingTable,
  signal: AbortSignal,
): Promise<Pick<Manifest, 'columnMeans' | 'warnings'>> {
  try {
    const means = evaluator instanceof CompiledEvaluator ? await describeMeans(evaluator, train, signal) : {};
    createExplainer(evaluator, means.columnMeans);
    return { ...means, warnings: [] };
  } catch (error) {
    if (!(error instanceof UnexplainableError)) throw error;
    const message = `Its predictions cannot be explained: ${error.message}.`;
    return { warnings: [{ code: 'UNEXPLAINABLE', message }] };
  }
}
