/** Called often while the explainer computes: to end the turn of the event loop, or the work, by throwing. */
export type Beat = () => Promise<void>;

/** What a model's scoring operator reads: row-major [rows, width]. */
export interface Matrix {
  readonly values: Float32Array;
  readonly width: number;
  readonly rows: number;
}

/** What a scoring operator says about one row, output by output. */
export interface RowSums {
  readonly output: Float64Array;
  /** Mean over the training rows. */
  readonly base: Float64Array;
  /** Row-major [outputs, origins]. */
  readonly contributions: Float64Array;
}

/** Sums of the rows, one after the other. */
export type SumsOf = (matrix: Matrix, beat: Beat) => AsyncGenerator<RowSums>;
