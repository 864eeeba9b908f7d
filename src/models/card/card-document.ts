import type { Task } from '../../ml/schema/signature.js';
import type { VersionAlgorithm } from '../algorithm.js';
import type { Manifest } from '../artifact/manifest.js';
import type { PromotionAction, Stage } from '../stage.js';

/** All that a model card shows, as plain data. */
export interface CardDocument {
  readonly model: string;
  readonly task: Task;
  readonly target: string;
  readonly primaryMetric: string;
  readonly version: number;
  readonly algorithm: VersionAlgorithm;
  readonly stage: Stage;
  readonly passedFloors: boolean;
  readonly createdAt: string;
  /** Null for a model that was not trained here. */
  readonly runId: string | null;
  readonly artifact: { readonly sha256: string; readonly bytes: number };
  /** The snapshot it was trained on; null once that was deleted. */
  readonly dataset: { readonly name: string; readonly version: number; readonly rows: number | null } | null;
  /** What the ledger says of it, newest first. */
  readonly ledger: readonly LedgerEntry[];
  readonly manifest: Manifest;
}

export interface LedgerEntry {
  readonly action: PromotionAction;
  readonly reason: string;
  /** Null for the gate. */
  readonly actorId: string | null;
  readonly at: string;
}
