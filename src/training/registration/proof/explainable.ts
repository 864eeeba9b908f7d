import { createExplainer } from '../../../ml/explain/explainer.js';
import { countNodeRows } from '../../../ml/explain/node-covers.js';
import { UnexplainableError } from '../../../ml/explain/unexplainable.js';
import { CompiledEvaluator } from '../../../ml/onnx/compile.js';
import { withHitRates } from '../../../ml/onnx/hit-rates.js';
import type { Evaluator } from '../../../ml/schema/evaluator.js';
import type { TrainingTable } from '../../../ml/train/table.js';
import { createEvaluatorInPlace } from '../../../models/evaluation/create-evaluator.js';
import type { Manifest } from '../../../models/artifact/manifest.js';
import { blocksOf, describeMeans } from '../../container/describe-means.js';

interface Explainable extends Pick<Manifest, 'columnMeans' | 'warnings'> {
  /** The model, which tells how many rows come through each node of its trees. */
  readonly onnx: Uint8Array;
}

/**
 * Gives a model what its explanations start from, counted on rows that it may have been trained on: exporters leave it
 * out. Where it can not be explained all the same, a warning says why.
 */
export async function makeExplainable(
  onnx: Uint8Array,
  evaluator: Evaluator,
  train: TrainingTable,
  signal: AbortSignal,
): Promise<Explainable> {
  try {
    const { evaluator: final, ...made } = await prepare(onnx, evaluator, train, signal);
    createExplainer(final, made.columnMeans);
    return { ...made, warnings: [] };
  } catch (error) {
    if (!(error instanceof UnexplainableError)) throw error;
    const message = `Its predictions cannot be explained: ${error.message}.`;
    return { onnx, warnings: [{ code: 'UNEXPLAINABLE', message }] };
  }
}

async function prepare(
  onnx: Uint8Array,
  evaluator: Evaluator,
  train: TrainingTable,
  signal: AbortSignal,
): Promise<Omit<Explainable, 'warnings'> & { readonly evaluator: Evaluator }> {
  if (!(evaluator instanceof CompiledEvaluator)) return { onnx, evaluator };
  const counted = await countNodeRows(evaluator, blocksOf(train, signal), train.rows);
  if (!counted) return { onnx, evaluator, ...(await describeMeans(evaluator, train, signal)) };
  const told = withHitRates(onnx, counted.output, counted.covers);
  return { onnx: told, evaluator: await createEvaluatorInPlace(told) };
}
