import type { ModelColumns } from '../../../models/model-columns.js';

/** Files of a proof's folder: what somebody uploaded, and the rows to try it on. The model's own go to `model/`. */
export const UPLOADED_FILE = 'uploaded.onnx';
export const DATA_FILE = 'data.parquet';
export const MODEL_FOLDER = 'model';

/** A file that is to be proven fit to serve a model. */
export interface ProofOrder {
  readonly folder: string;
  /** Of DuckDB. */
  readonly memoryLimit: string;
  readonly columns: ModelColumns;
  /** In the order of the scores; null to take those that the graph names. */
  readonly classes: readonly string[] | null;
  /** After so many milliseconds the process is ended. */
  readonly timeoutMs: number;
  readonly dataset: { readonly versionId: string; readonly number: number; readonly contentHash: string };
  /** The training by our order that it came from, if it did. */
  readonly script?: ScriptOrigin;
}

/** What a script of somebody's own trained with. It was never given the held-out rows. */
export interface ScriptOrigin {
  readonly image: string;
  readonly seed: number;
  readonly hyperparameters: Readonly<Record<string, number>>;
}

/** What a proof is at, as the end of a sentence about how it ended. */
export type ProofPhase =
  | 'reading the file'
  | 'reading the data'
  | 'loading the model'
  | 'scoring rows'
  | 'measuring the importance of columns';

export type ProofMessage =
  | { readonly kind: 'PHASE'; readonly phase: ProofPhase }
  | { readonly kind: 'PROVEN' }
  /** The file is to blame; the reason says what to do. */
  | { readonly kind: 'REFUSED'; readonly reason: string }
  /** We are. */
  | { readonly kind: 'FAILED'; readonly problem: string };
