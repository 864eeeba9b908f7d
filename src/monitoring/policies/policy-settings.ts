import type { Check } from '../../ml/statistics/drift/checks.js';
import type { Algorithm } from '../../models/algorithm.js';

export const DRIFT_MODES = ['BOUCLE', 'EVIDENTLY'] as const;
export type DriftMode = (typeof DRIFT_MODES)[number];

/** SOURCE: the dataset's source, extracted anew. LOGGED: logged predictions with their outcomes. BOTH: one after the other. */
export const RETRAINING_DATA = ['SOURCE', 'LOGGED', 'BOTH'] as const;
export type RetrainingData = (typeof RETRAINING_DATA)[number];

/** What retrainings may cost in USD: a single one at most, and all of a model in any 30 days. Null: no limit. */
export interface CostLimit {
  readonly perRetraining: number | null;
  readonly perMonth: number | null;
}

/** How a model is watched, and when it is trained anew. */
export interface PolicySettings {
  /** When to check. */
  readonly cron: string;
  readonly timeZone: string;
  /** Length of the window that ends with a check. */
  readonly windowSeconds: number;
  readonly mode: DriftMode;
  /** A window with fewer predictions says nothing. */
  readonly minimumRows: number;
  /** Checks of columns by name; others get those of their type. */
  readonly checks: Readonly<Record<string, readonly Check[]>>;
  /** See DriftSettings. */
  readonly groups: number;
  readonly rowsPerGroup: number;
  readonly significance: number;
  readonly driftedShare: number;
  /** Drift in k of the last n windows starts a retraining; null: drift is reported only. */
  readonly persistence: { readonly k: number; readonly n: number } | null;
  /** A metric whose band lies wholly on the wrong side of the floor starts a retraining. */
  readonly quality: {
    readonly metric: string;
    readonly floor: number;
    readonly minimumOutcomes: number;
    /** Outcomes come late, so quality may look further back than drift. */
    readonly windowSeconds: number;
  } | null;
  /** A champion trained longer ago starts a retraining. */
  readonly maximumAgeSeconds: number | null;
  /** After a retraining began, none begins for this long. */
  readonly coolDownSeconds: number;
  readonly retrainingsPerDay: number;
  /** In USD; absent from policies that were made before there was a limit. */
  readonly costLimit?: CostLimit | null;
  readonly data: RetrainingData;
  /** Null: all that fit the task. */
  readonly algorithms: readonly Algorithm[] | null;
}
