import type { Program } from '../../ml/onnx/program.js';
import type { Signature } from '../../ml/schema/signature.js';
import type { VersionAlgorithm } from '../../models/algorithm.js';
import type { VersionSelector } from '../../models/model-registry.js';
import type { Stage } from '../../models/stage.js';
import type { BinningLayout } from '../counts/binning-layout.js';
import type { EncodedLogRows, LoggedAs } from '../prediction-rows.js';
import type { ErrorData } from './error-data.js';

/** A body to be read, on its way to a thread. */
export interface OpenOrder {
  /** It changes hands, and may be taken back. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** What the path says of who is to answer. */
  readonly selector: VersionSelector;
  readonly maxRows: number;
  /** Whether the request has an idempotency key, for which its hash is needed. */
  readonly hashed: boolean;
}

/** What had to be known of a body before it can be scored. Its rows stay in the thread. */
export interface OpenedBody {
  readonly rows: number;
  readonly algorithm: VersionAlgorithm | null;
  readonly stage: Stage | null;
  readonly explain: boolean;
  readonly sha256?: Uint8Array;
  /** Why these rows are not to be answered, whatever the model. */
  readonly refusal?: ErrorData;
}

/** A version with all that scoring and counting takes, as plain data. The arrays of its forests are shared memory. */
export interface ThreadVersion {
  readonly versionId: string;
  readonly modelId: string;
  readonly binningId: string;
  readonly layout: BinningLayout;
  readonly signature: Signature;
  readonly program: Program;
}

/** The rows of an opened body, to be scored by a version that the thread has. */
export interface ScoreOrder {
  readonly opened: number;
  readonly versionId: string;
  readonly model: { readonly name: string; readonly version: number; readonly algorithm: VersionAlgorithm };
  /** Times in ms since 1970. */
  readonly arrivedAt: number;
  readonly deadline: number;
  readonly loggedAs: LoggedAs;
  /** Share of the rows that is to be logged. */
  readonly logShare: number;
}

export interface ScoredBody {
  /** The whole answer, JSON in UTF-8. */
  readonly answer: Uint8Array<ArrayBuffer>;
  readonly logged: Omit<EncodedLogRows, 'counter'>;
  readonly milliseconds: { readonly validate: number; readonly evaluate: number };
}

/**
 * What a thread is told, in this order. What has an id is answered under it: `open` reads a body and keeps it, `take-back`
 * returns its bytes because it is scored elsewhere, `close` forgets it; `model` and `forget` bring and remove a version.
 */
export type ThreadOrder =
  | { readonly kind: 'open'; readonly id: number; readonly order: OpenOrder }
  | { readonly kind: 'score'; readonly id: number; readonly order: ScoreOrder }
  | { readonly kind: 'take-back'; readonly id: number; readonly opened: number }
  | { readonly kind: 'close'; readonly opened: number }
  | { readonly kind: 'model'; readonly version: ThreadVersion }
  | { readonly kind: 'forget'; readonly versionId: string };

/** Those that are answered. */
export type Question = Extract<ThreadOrder, { id: number }>;

export type ThreadAnswer = { readonly id: number } & (
  | { readonly opened: OpenedBody }
  | { readonly body: Uint8Array<ArrayBuffer> }
  | { readonly scored: ScoredBody }
  | { readonly error: ErrorData }
);
