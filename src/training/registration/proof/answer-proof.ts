import { AppError } from '../../../errors/app-error.js';
import { OnnxFormatError, UnfitGraphError } from '../../../ml/onnx/model.js';
import { TrainingDataError } from '../../../ml/train/errors.js';
import type { ProofMessage, ProofOrder } from './proof-order.js';
import { proveModel } from './prove-model.js';

/** What allocations that are refused say: of ONNX Runtime, of C++, of V8. */
const OUT_OF_MEMORY = /Failed to allocate memory|bad_alloc|allocation failed/i;

/** Proves a file, and says how that ended. */
export async function answerProof(order: ProofOrder): Promise<ProofMessage> {
  try {
    await proveModel(order, (phase) => process.send?.({ kind: 'PHASE', phase } satisfies ProofMessage));
    return { kind: 'PROVEN' };
  } catch (error) {
    return toMessage(error);
  }
}

function toMessage(error: unknown): ProofMessage {
  const text = error instanceof Error ? error.message : String(error);
  if (OUT_OF_MEMORY.test(text)) {
    return { kind: 'REFUSED', reason: `It needs more memory than it may have (${text.slice(0, 200)})` };
  }
  const isRefusal =
    error instanceof OnnxFormatError ||
    error instanceof UnfitGraphError ||
    error instanceof TrainingDataError ||
    error instanceof AppError;
  if (isRefusal) return { kind: 'REFUSED', reason: text };
  return { kind: 'FAILED', problem: error instanceof Error ? (error.stack ?? text) : text };
}
