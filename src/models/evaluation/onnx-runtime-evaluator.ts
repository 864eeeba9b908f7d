import { InferenceSession, Tensor } from 'onnxruntime-node';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import type { Batch, Evaluator, EvaluatorInput, Scores } from '../../ml/schema/evaluator.js';

/** Rows of one run: the runtime computes on the calling thread, so a long batch must leave gaps for the event loop. */
const BLOCK_ROWS = 1024;

/** Evaluator on ONNX Runtime: for graphs that the compiler does not know, and as the compiler's judge. */
export class OnnxRuntimeEvaluator implements Evaluator {
  private constructor(
    private readonly session: InferenceSession,
    private readonly output: string,
    readonly inputs: readonly EvaluatorInput[],
    readonly width: number,
    readonly bytes: number,
  ) {}

  /** @throws AppError BAD_INPUT if the file is no model with [N, 1] inputs and a score per row. */
  static async create(onnx: Uint8Array): Promise<OnnxRuntimeEvaluator> {
    const session = await openSession(onnx);
    const inputs = session.inputMetadata.map(inputOf);
    const last = session.outputMetadata.findLast((output) => output.isTensor && output.type === 'float32');
    if (!last?.isTensor) throw unusable('it has no output of floating-point scores');
    const width = last.shape.at(-1);
    // The session holds the parsed graph; twice the file is what was seen for forests.
    return new OnnxRuntimeEvaluator(session, last.name, inputs, typeof width === 'number' ? width : 1, onnx.length * 2);
  }

  async evaluate(batch: Batch): Promise<Scores> {
    const values = new Float32Array(batch.rows * this.width);
    for (let from = 0; from < batch.rows; from += BLOCK_ROWS) {
      if (from > 0) await setImmediate();
      const to = Math.min(from + BLOCK_ROWS, batch.rows);
      const outputs = await this.session.run(this.feeds(batch, from, to), [this.output]);
      const scores = outputs[this.output]?.data;
      if (!(scores instanceof Float32Array) || scores.length !== (to - from) * this.width) {
        throw unusable(`its output ${this.output} does not give ${this.width} scores a row`);
      }
      values.set(scores, from * this.width);
    }
    return { rows: batch.rows, width: this.width, values };
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }

  private feeds(batch: Batch, from: number, to: number): Record<string, Tensor> {
    const shape = [to - from, 1];
    const feeds: Record<string, Tensor> = {};
    this.inputs.forEach(({ name }, index) => {
      const column = batch.columns[index];
      feeds[name] =
        column instanceof Float32Array
          ? new Tensor('float32', column.slice(from, to), shape)
          : new Tensor('string', column?.slice(from, to) ?? [], shape);
    });
    return feeds;
  }
}

async function openSession(onnx: Uint8Array): Promise<InferenceSession> {
  try {
    const session: InferenceSession = await InferenceSession.create(onnx, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    return session;
  } catch (cause) {
    throw unusable(cause instanceof Error ? cause.message : String(cause));
  }
}

function inputOf(metadata: InferenceSession.ValueMetadata): EvaluatorInput {
  if (metadata.isTensor && metadata.type === 'float32') return { name: metadata.name, type: 'float' };
  if (metadata.isTensor && metadata.type === 'string') return { name: metadata.name, type: 'string' };
  throw unusable(`its input ${metadata.name} is neither a float nor a string tensor`);
}

function unusable(reason: string): AppError {
  return new AppError('BAD_INPUT', `This ONNX model cannot be served: ${reason}.`);
}
