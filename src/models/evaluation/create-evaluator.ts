import { compile } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import { UnsupportedGraphError } from '../../ml/onnx/model.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import { OnnxRuntimeEvaluator } from './onnx-runtime-evaluator.js';

/** The fastest evaluator for a model: compiled kernels if they know its whole graph, else ONNX Runtime. */
export async function createEvaluator(onnx: Uint8Array): Promise<Evaluator> {
  try {
    return compile(decodeModel(onnx));
  } catch (error) {
    if (!(error instanceof UnsupportedGraphError)) throw error;
    return OnnxRuntimeEvaluator.create(onnx);
  }
}
