import { compile, link } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import { loadProgram } from '../../ml/onnx/loader.js';
import { UnsupportedGraphError } from '../../ml/onnx/model.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import { OnnxRuntimeEvaluator } from './onnx-runtime-evaluator.js';

/**
 * Largest file that is decoded and compiled at once, on the calling thread: measured at 15 to 25 ms a megabyte, that is
 * below 2 ms (20 ms the first time, before the code is warm) and less than the 40 ms that a thread takes to start. A
 * forest of 250,000 nodes (7 MB) would block for 100 to 200 ms; with a thread the longest stretch here is 3 to 7 ms,
 * and no more for five times the nodes. Steps with pauses in between would have to be asynchronous all the way down to
 * the reading of a list.
 */
const IN_PLACE_BYTES = 64 << 10;

/**
 * The fastest evaluator for a model: compiled kernels if they know its whole graph, else ONNX Runtime.
 * @param workerUrl entry of the loading thread, where the program does not run from its compiled files.
 */
export function createEvaluator(onnx: Uint8Array, workerUrl?: URL): Promise<Evaluator> {
  if (onnx.length <= IN_PLACE_BYTES) return createEvaluatorInPlace(onnx);
  return orOnnxRuntime(onnx, async () => link(await loadProgram(onnx, workerUrl)));
}

/** The same on the calling thread, however long it takes: for a process that has nothing else to do. */
export function createEvaluatorInPlace(onnx: Uint8Array): Promise<Evaluator> {
  return orOnnxRuntime(onnx, () => compile(decodeModel(onnx)));
}

async function orOnnxRuntime(onnx: Uint8Array, compiled: () => Evaluator | Promise<Evaluator>): Promise<Evaluator> {
  try {
    return await compiled();
  } catch (error) {
    if (!(error instanceof UnsupportedGraphError)) throw error;
    return OnnxRuntimeEvaluator.create(onnx);
  }
}
