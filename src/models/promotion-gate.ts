/** A bound that a version must keep to be served: at least `value` where more is better, at most where less is. */
export interface Floor {
  readonly metric: string;
  readonly value: number;
}

/** How a model's versions are judged. */
export interface GateSettings {
  /** Metric that decides; its direction is known. */
  readonly primaryMetric: string;
  /** By how much a challenger must beat the champion, in the metric's unit; the whole interval has to clear it. */
  readonly margin: number;
  readonly floors: readonly Floor[];
}

/** What the gate saw when it decided; kept in the ledger. */
export interface GateEvidence {
  readonly metric: string;
}
