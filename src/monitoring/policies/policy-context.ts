import type { Signature, Task } from '../../ml/schema/signature.js';
import type { Evaluations, Reference } from '../../models/artifact/manifest.js';

/** What a policy is held against when it is made, besides itself. */
export interface PolicyContext {
  readonly task: Task;
  readonly target: string;
  /** Of the model. */
  readonly features: readonly string[];
  /** The champion, or else the newest version; null before the first training. */
  readonly version: {
    readonly number: number;
    readonly signature: Signature;
    readonly reference: Pick<Reference, 'rows'>;
    readonly metrics: Evaluations;
    /** Whether its artifact holds a sample of the training rows. */
    readonly hasSample: boolean;
  } | null;
  /** How long predictions and reports are kept. */
  readonly retentionDays: number;
  /** Whether the dataset has a source that can be read again. */
  readonly canExtract: boolean;
  /** Predictions of that version in the last seven days. */
  readonly weekOfPredictions: number;
}
