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

  /** @throws AppError BAD_INPUT if the file is no model with inputs [N, k] and scores for each row. */
  static async create(onnx: Uint8Array): Promise<OnnxRuntimeEvaluator> {
    const session = await openSession(onnx);
    const inputs = session.inputMetadata.map(inputOf);
    const { name, shape } = scoresOf(session.outputMetadata);
    // A single dimension is that of the rows, and an unknown second one means a score each.
    const width = shape.length > 1 ? shape.at(-1) : 1;
    // The session holds the parsed graph; twice the file is what was seen for forests.
    return new OnnxRuntimeEvaluator(session, name, inputs, typeof width === 'number' ? width : 1, onnx.length * 2);
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
    const feeds: Record<string, Tensor> = {};
    let next = 0;
    for (const { name, type, columns: width = 1 } of this.inputs) {
      const columns = batch.columns.slice(next, (next += width)).map((column) => column.slice(from, to));
      const shape = [to - from, width];
      feeds[name] =
        type === 'float'
          ? new Tensor('float32', rowMajor(columns as Float32Array[], new Float32Array((to - from) * width)), shape)
          : new Tensor('string', rowMajor(columns as string[][], new Array<string>((to - from) * width)), shape);
    }
    return feeds;
  }
}

/** Columns side by side, row by row. A single one is taken as it is. */
function rowMajor<Values extends Float32Array | string[]>(columns: readonly Values[], target: Values): Values {
  if (columns.length === 1) return columns[0]!;
  columns.forEach((column, offset) => {
    for (let row = 0, to = offset; row < column.length; row++, to += columns.length) target[to] = column[row]!;
  });
  return target;
}

type TensorMetadata = Extract<InferenceSession.ValueMetadata, { isTensor: true }>;

/** The output that the compiler takes as well: the one named as exporters name scores, or else the last of floats. */
function scoresOf(outputs: readonly InferenceSession.ValueMetadata[]): TensorMetadata {
  const floats = outputs.filter((output): output is TensorMetadata => output.isTensor && output.type === 'float32');
  const scores = floats.find(({ name }) => name === 'probabilities' || name === 'prediction') ?? floats.at(-1);
  if (!scores) throw unusable('it has no output of floating-point scores');
  return scores;
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
  const { name } = metadata;
  const isKnown = metadata.isTensor && (metadata.type === 'float32' || metadata.type === 'string');
  if (!isKnown) throw unusable(`its input ${name} is neither a float nor a string tensor`);
  const columns = metadata.shape[1];
  const type = metadata.type === 'float32' ? 'float' : 'string';
  return { name, type, ...(typeof columns === 'number' && columns > 1 && { columns }) };
}

function unusable(reason: string): AppError {
  return new AppError('BAD_INPUT', `This ONNX model cannot be served: ${reason}.`);
}
