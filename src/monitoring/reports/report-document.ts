import type { FeatureType, Task } from '../../ml/schema/signature.js';
import type { CheckVerdict, Verdict } from '../../ml/statistics/drift/verdict.js';
import type { VersionAlgorithm } from '../../models/algorithm.js';

/** A bar of a drawn distribution: rows on both sides that fell between two edges, or that have a category. */
export interface ReportBar {
  /** The category, or the interval in words. */
  readonly label: string;
  /** Edges of an interval; null where it is open, and for categories. */
  readonly lower: number | null;
  readonly upper: number | null;
  readonly reference: number;
  readonly current: number;
}

export interface ReportDistribution {
  readonly kind: 'NUMERIC' | 'CATEGORICAL';
  /** At most some twenty. */
  readonly bars: readonly ReportBar[];
  readonly missing: { readonly reference: number; readonly current: number };
}

export interface ReportColumn {
  readonly name: string;
  /** OUTPUT: predicted classes or numbers. PROBABILITY: of the predicted class. */
  readonly role: 'FEATURE' | 'OUTPUT' | 'PROBABILITY';
  readonly type: FeatureType;
  readonly verdict: Verdict;
  readonly checks: readonly CheckVerdict[];
  /** Null for an empty window. */
  readonly distribution: ReportDistribution | null;
}

/** A metric over the labelled predictions of a window, beside what the version reached on its holdout. */
export interface QualityMetric {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** Null where it is undefined on these rows. */
  readonly value: number | null;
  /** Bounds of the confidence band. */
  readonly low: number | null;
  readonly high: number | null;
  readonly holdout: number | null;
}

/** What quality can be expected to be without outcomes. */
export interface QualityEstimate {
  /** CBPE: confidence-based performance estimation. ERROR_MODEL: of a regression's errors. */
  readonly method: 'CBPE' | 'ERROR_MODEL';
  /** Empty if it was refused. */
  readonly metrics: readonly { readonly name: string; readonly value: number }[];
  readonly assumptions: readonly string[];
  /** Why there is no estimate. */
  readonly refused: string | null;
}

/** Quality of a version's predictions in a window, as far as their outcomes are known. */
export interface WindowQuality {
  readonly predictions: number;
  readonly labelled: number;
  /** Rows that the metrics were computed on: all labelled ones, or a seeded sample of them. */
  readonly rows: number;
  readonly confidence: number;
  readonly metrics: readonly QualityMetric[];
  readonly estimate: QualityEstimate | null;
  /** What a reader should know, such as "only one class occurred". */
  readonly notes: readonly string[];
}

/** All that a check found, as it is stored, drawn and answered. */
export interface ReportDocument {
  readonly id: string;
  readonly model: string;
  readonly task: Task;
  readonly version: number;
  readonly algorithm: VersionAlgorithm;
  /** ISO 8601, UTC. The window holds predictions from `from` to before `to`. */
  readonly from: string;
  readonly to: string;
  readonly createdAt: string;
  readonly mode: 'BOUCLE' | 'EVIDENTLY';
  readonly verdict: Verdict;
  /** The verdict in a sentence. */
  readonly summary: string;
  /** Predictions in the window, and rows that the version was trained on. */
  readonly rows: number;
  readonly referenceRows: number;
  readonly drifted: number;
  readonly judged: number;
  readonly columns: readonly ReportColumn[];
  readonly quality: WindowQuality | null;
}
