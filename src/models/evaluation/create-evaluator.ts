import type { Evaluator } from '../../ml/schema/evaluator.js';
import { OnnxRuntimeEvaluator } from './onnx-runtime-evaluator.js';

/** The fastest evaluator for a model: compiled kernels if they know its whole graph, else ONNX Runtime. */
export async function createEvaluator(onnx: Uint8Array): Promise<Evaluator> {
  return OnnxRuntimeEvaluator.create(onnx);
}
