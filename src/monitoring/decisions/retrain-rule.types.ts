import type { Direction } from '../../ml/metrics/evaluate.js';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';

/** What a retraining may be started by. */
export const RETRAINING_TRIGGERS = ['DRIFT', 'QUALITY', 'AGE'] as const;
export type RetrainingTrigger = (typeof RETRAINING_TRIGGERS)[number];

/**
 * What was decided after a check. HEALTHY: no reason to retrain. NOT_PERSISTENT: drift, but not in enough windows.
 * TOO_FEW_ROWS: the window says nothing. The next four had a reason to retrain, and a brake that held it.
 */
export const DECISION_VERDICTS = [
  'RETRAIN',
  'HEALTHY',
  'NOT_PERSISTENT',
  'TOO_FEW_ROWS',
  'UNDER_WAY',
  'COOL_DOWN',
  'DAILY_LIMIT',
  'BACK_OFF',
] as const;
export type DecisionVerdict = (typeof DECISION_VERDICTS)[number];

/** States of a retraining. The last six are final. */
export const RETRAINING_STATES = [
  'GATHERING',
  'TRAINING',
  'JUDGING',
  'PROMOTED',
  'RECOMMENDED',
  'DECLINED',
  'NO_NEW_DATA',
  'FAILED',
  'CANCELLED',
] as const;
export type RetrainingState = (typeof RETRAINING_STATES)[number];

/** All that the rule looks at; stored with each decision. Times are ISO 8601, UTC. */
export interface DecisionInputs {
  readonly at: string;
  readonly window: {
    readonly from: string;
    readonly to: string;
    readonly rows: number;
    readonly minimumRows: number;
    readonly verdict: Verdict;
    /** Names of the drifted columns. */
    readonly drifted: readonly string[];
  };
  /** Null: drift starts nothing. */
  readonly persistence: {
    readonly k: number;
    readonly n: number;
    /** Verdicts of the last windows that do not overlap, oldest first, this one last. */
    readonly verdicts: readonly Verdict[];
  } | null;
  readonly quality: {
    readonly metric: string;
    readonly direction: Direction;
    readonly floor: number;
    readonly value: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly outcomes: number;
    readonly minimumOutcomes: number;
  } | null;
  readonly age: { readonly seconds: number; readonly maximumSeconds: number } | null;
  readonly brakes: {
    readonly underWay: boolean;
    /** Of the newest retraining that has begun since the policy was made, whatever came of it. */
    readonly lastBegan: string | null;
    readonly coolDownSeconds: number;
    /** Retrainings that failed in a row, up to the newest. */
    readonly failures: number;
    /** Begun in the last 24 hours; those that found no new data do not count. */
    readonly today: number;
    readonly perDay: number;
  };
}

/** One step of the rule, in words, and whether it spoke for a retraining. */
export interface RuleStep {
  readonly rule: string;
  readonly holds: boolean;
  readonly explanation: string;
}

export interface Decision {
  readonly verdict: DecisionVerdict;
  /** What asked for a retraining; null if nothing did. */
  readonly trigger: RetrainingTrigger | null;
  /** The verdict in a sentence. */
  readonly reason: string;
  readonly steps: readonly RuleStep[];
}
