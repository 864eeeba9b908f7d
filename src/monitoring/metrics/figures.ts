/** A value of a metric with its labels. */
export interface Figure {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What monitoring exports, by metric. */
export interface Figures {
  readonly scores: readonly Figure[];
  readonly coverage: readonly Figure[];
  readonly quality: readonly Figure[];
  readonly ages: readonly Figure[];
  readonly champions: readonly Figure[];
  readonly runs: readonly Figure[];
  readonly waits: readonly Figure[];
  readonly jobs: readonly Figure[];
  readonly decisions: readonly Figure[];
}

/** A score of a check, as a report has it. */
export interface ScoreRow {
  readonly feature: string;
  readonly method: string;
  readonly score: number;
}

/** Columns of a model that are exported by name. */
const MOST_FEATURES = 200;
/** Label of all the others: no column is called that, and dashboards see that something was left out. */
const OTHERS = '*';

/** The scores of a report, in its order; beyond so many columns the largest score of each method stands for the rest. */
export function scoreFigures(
  labels: Readonly<Record<'model' | 'version', string | number>>,
  scores: readonly ScoreRow[],
): Figure[] {
  const named = new Set([...new Set(scores.map(({ feature }) => feature))].slice(0, MOST_FEATURES));
  const figures: Figure[] = [];
  const largest = new Map<string, number>();
  for (const { feature, method, score } of scores) {
    if (named.has(feature)) figures.push({ labels: { ...labels, feature, method }, value: score });
    else largest.set(method, Math.max(score, largest.get(method) ?? -Infinity));
  }
  for (const [method, value] of largest) figures.push({ labels: { ...labels, feature: OTHERS, method }, value });
  return figures;
}
