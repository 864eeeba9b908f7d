/**
 * A batch of rows, column by column, in the order of the graph's inputs. Numbers are float32 with NaN for missing;
 * strings hold '' for missing (ONNX string tensors have no null).
 */
export interface Batch {
  readonly rows: number;
  readonly columns: readonly (Float32Array | readonly string[])[];
}

/** Row-major scores, shape [rows, width]: width 1 for a regression, one column a class (probabilities) otherwise. */
export interface Scores {
  readonly rows: number;
  readonly width: number;
  readonly values: Float32Array;
}

export interface EvaluatorInput {
  readonly name: string;
  readonly type: 'float' | 'string';
  /** Columns of the batch that the input takes, if not one: imported graphs often have one input [N, k] for all. */
  readonly columns?: number;
}

/** Port with two implementations: compiled kernels (`ml/onnx`) and ONNX Runtime (`models`). */
export interface Evaluator {
  readonly inputs: readonly EvaluatorInput[];
  readonly width: number;
  /** Memory held, in bytes; the evaluator cache is bounded by their sum. */
  readonly bytes: number;
  evaluate(batch: Batch): Scores | Promise<Scores>;
  dispose(): void | Promise<void>;
}
