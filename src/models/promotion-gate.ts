import type { Task } from '../ml/schema/signature.js';
import type { DifferenceInterval } from '../ml/statistics/bootstrap.js';
import type { VersionAlgorithm } from './algorithm.js';
import type { Evaluation } from './artifact/manifest.js';
import { directionOf, type GateMetric, isBetter } from './gate-metrics.js';

/** A bound that a version must keep to be served: at least `value` where more is better, at most where less is. */
export interface Floor {
  readonly metric: string;
  readonly value: number;
}

/** How a model's versions are judged. */
export interface GateSettings {
  /** Metric that decides. */
  readonly primaryMetric: GateMetric;
  /** By how much a challenger must beat the champion, in the metric's unit: the whole interval has to be above it. */
  readonly margin: number;
  /** Without one for the primary metric, that metric has to be better than the best constant prediction's. */
  readonly floors: readonly Floor[];
}

/** A version as the gate sees it. */
export interface Contestant {
  readonly id: string;
  readonly number: number;
  readonly algorithm: VersionAlgorithm;
  readonly validation: Evaluation;
  readonly passedFloors: boolean;
}

/** Champion and challenger on the same held-out rows; `difference` is positive where the challenger is better. */
export interface Comparison extends DifferenceInterval {
  readonly rows: number;
  readonly confidence: number;
}

/** What the gate saw when it decided; kept in the ledger. */
export interface GateEvidence {
  readonly metric: GateMetric;
  readonly margin: number;
  readonly datasetVersionId: string;
  /** Value of the metric on the validation rows, by version. */
  readonly validation: readonly {
    readonly number: number;
    readonly algorithm: VersionAlgorithm;
    readonly value: number | null;
    readonly passedFloors: boolean;
  }[];
  readonly champion: number | null;
  readonly comparison: Comparison | null;
}

export interface Verdict {
  readonly promote: boolean;
  readonly reason: string;
}

/**
 * Floors that a version misses, as sentences; empty if it keeps all. A metric that is undefined on the rows misses its
 * floor: nothing is known of it.
 */
export function missedFloors(
  task: Task,
  { primaryMetric, floors }: GateSettings,
  holdout: Evaluation,
  baseline: Evaluation,
): string[] {
  const missed: string[] = [];
  if (!floors.some(({ metric }) => metric === primaryMetric)) {
    const value = holdout.scores[primaryMetric] ?? NaN;
    const constant = baseline.scores[primaryMetric] ?? NaN;
    const good = isBetter(directionOf(task, primaryMetric)!, value, constant);
    if (!good)
      missed.push(`${primaryMetric} ${text(value)} is no better than a constant prediction's ${text(constant)}`);
  }
  for (const { metric, value: bound } of floors) {
    const direction = directionOf(task, metric);
    const value = holdout.scores[metric] ?? NaN;
    if (direction && (value === bound || isBetter(direction, value, bound))) continue;
    missed.push(`${metric} ${text(value)} misses the floor ${text(bound)}`);
  }
  return missed;
}

/** The contestant that passed the floors and is best on the validation rows; the older one on a tie. */
export function bestOf<C extends Contestant>(task: Task, metric: GateMetric, contestants: readonly C[]): C | undefined {
  const direction = directionOf(task, metric)!;
  let best: C | undefined;
  for (const contestant of [...contestants].sort((a, b) => a.number - b.number)) {
    const value = contestant.validation.scores[metric];
    if (!contestant.passedFloors || value === null || value === undefined) continue;
    if (!best || isBetter(direction, value, best.validation.scores[metric]!)) best = contestant;
  }
  return best;
}

/** Whether the challenger should serve. Without a champion, having passed the floors is enough. */
export function judge({ primaryMetric, margin }: GateSettings, comparison: Comparison | null): Verdict {
  if (!comparison) return { promote: true, reason: 'It passed the floors, and there was no champion to beat.' };
  const { difference, low, high, rows, confidence } = comparison;
  const promote = low > margin;
  const interval = `${text(difference)} (${confidence * 100} % interval ${text(low)} to ${text(high)})`;
  const verb = promote ? 'It beats' : 'It does not beat';
  return {
    promote,
    reason: `${verb} the champion's ${primaryMetric} by more than ${text(margin)}: the gain on ${rows} held-out rows is ${interval}.`,
  };
}

function text(value: number): string {
  return Number.isNaN(value) ? 'unknown' : String(Number(value.toPrecision(4)));
}
