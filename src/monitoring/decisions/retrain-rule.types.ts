import type { Direction } from '../../ml/metrics/evaluate.js';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import type { CostLimit } from '../policies/policy-settings.js';

/** What a retraining may be started by. */
export const RETRAINING_TRIGGERS = ['DRIFT', 'QUALITY', 'AGE'] as const;
export type RetrainingTrigger = (typeof RETRAINING_TRIGGERS)[number];

/**
 * What was decided after a check. HEALTHY: no reason to retrain. NOT_PERSISTENT: drift, but not in enough windows.
 * TOO_FEW_ROWS: the window says nothing. The next five had a reason to retrain, and a brake that held it.
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
  'COST_LIMIT',
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

/** What a retraining would cost, beside what it may. */
export interface CostInputs extends CostLimit {
  /** The most that its trainings may cost together; null where prices are unknown. */
  readonly most: number | null;
  readonly trainings: number;
  /** Retrainings of this model in the last 30 days: what was billed, or else the most that it may become. */
  readonly spent: number;
}

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
    /** The model is being trained anew. */
    readonly underWay: boolean;
    /** When the newest retraining began that was begun under this policy, whatever came of it. */
    readonly lastBegan: string | null;
    readonly coolDownSeconds: number;
    /** Under this policy, in a row, up to the newest. Those cancelled or without new data neither count nor end the row. */
    readonly failures: number;
    /** Of this model, begun in the last 24 hours; those that found no new data do not count. */
    readonly today: number;
    readonly perDay: number;
    /** Null, or absent from older decisions: the policy sets no limit. Costs are in USD. */
    readonly cost?: CostInputs | null;
  };
}

/** The rule's questions: what may ask for a retraining, in their order, and what may hold it, in theirs. */
export type RuleName = RetrainingTrigger | 'UNDER_WAY' | 'COOL_DOWN' | 'DAILY_LIMIT' | 'BACK_OFF' | 'COST_LIMIT';

/** One question of the rule and its answer. A trigger that holds asks for a retraining; a brake that holds prevents it. */
export interface RuleStep {
  readonly rule: RuleName;
  readonly kind: 'TRIGGER' | 'BRAKE';
  readonly holds: boolean;
  /** The answer in words, with its numbers. */
  readonly explanation: string;
}

export interface Decision {
  readonly verdict: DecisionVerdict;
  /** What asked for a retraining; null if nothing did. */
  readonly trigger: RetrainingTrigger | null;
  /** The verdict in a sentence. */
  readonly reason: string;
  /** All triggers; and all brakes, if one of the triggers holds. */
  readonly steps: readonly RuleStep[];
}
