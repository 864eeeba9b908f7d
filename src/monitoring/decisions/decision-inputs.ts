import type { Task } from '../../ml/schema/signature.js';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import { directionOf } from '../../models/gate-metrics.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import type { ReportDocument, WindowQuality } from '../reports/report-document.js';
import type { CostInputs, DecisionInputs, RetrainingState } from './retrain-rule.types.js';

const DAY_MS = 86_400_000;

/** A retraining as far as it matters for the next one. */
export interface PastRetraining {
  readonly beganAt: Date;
  readonly state: RetrainingState;
  /** Whether the policy began it that decides now: its cool-down and failures count. */
  readonly ofPolicy: boolean;
}

/** What a decision is made from. Replays make it up; checks read it from the database. */
export interface DecisionContext {
  readonly at: Date;
  readonly settings: PolicySettings;
  readonly report: ReportDocument;
  /** Verdicts of the windows before this one: of the same version, without overlap, oldest first. */
  readonly verdictsBefore: readonly Verdict[];
  readonly trainedAt: Date;
  readonly past: readonly PastRetraining[];
  /** Null where the policy sets no limit. */
  readonly cost: CostInputs | null;
}

/** All that the rule looks at, in the form in which it is stored. */
export function decisionInputs(context: DecisionContext): DecisionInputs {
  const { at, settings, report, verdictsBefore, trainedAt } = context;
  const { from, to, rows, verdict, columns } = report;
  const { minimumRows, persistence, maximumAgeSeconds } = settings;
  const drifted = columns.filter((column) => column.verdict === 'DRIFT').map(({ name }) => name);
  const seconds = Math.max(0, Math.floor((at.getTime() - trainedAt.getTime()) / 1000));
  return {
    at: at.toISOString(),
    window: { from, to, rows, minimumRows, verdict, drifted },
    persistence: persistence && { ...persistence, verdicts: [...verdictsBefore, verdict] },
    quality: qualityInputs(settings, report.task, report.quality),
    age: maximumAgeSeconds === null ? null : { seconds, maximumSeconds: maximumAgeSeconds },
    brakes: brakeInputs(context),
  };
}

function qualityInputs(
  { quality }: PolicySettings,
  task: Task,
  measured: WindowQuality | null,
): DecisionInputs['quality'] {
  if (!quality) return null;
  const { metric, floor, minimumOutcomes } = quality;
  const found = measured?.metrics.find(({ name }) => name === metric);
  return {
    metric,
    direction: directionOf(task, metric) ?? 'HIGHER_IS_BETTER',
    floor,
    value: found?.value ?? null,
    low: found?.low ?? null,
    high: found?.high ?? null,
    outcomes: measured?.labelled ?? 0,
    minimumOutcomes,
  };
}

function brakeInputs({ at, settings, past, cost }: DecisionContext): DecisionInputs['brakes'] {
  const newestFirst = [...past].sort((a, b) => b.beganAt.getTime() - a.beganAt.getTime());
  const ofPolicy = newestFirst.filter((retraining) => retraining.ofPolicy);
  const dayAgo = at.getTime() - DAY_MS;
  return {
    underWay: past.some(({ state }) => ['GATHERING', 'TRAINING', 'JUDGING'].includes(state)),
    lastBegan: ofPolicy[0]?.beganAt.toISOString() ?? null,
    coolDownSeconds: settings.coolDownSeconds,
    failures: failuresInARow(ofPolicy),
    today: past.filter(({ beganAt, state }) => state !== 'NO_NEW_DATA' && beganAt.getTime() > dayAgo).length,
    perDay: settings.retrainingsPerDay,
    ...(cost && { cost }),
  };
}

/** Retrainings that ended without showing whether training works, such as cancelled ones, say nothing either way. */
function failuresInARow(newestFirst: readonly PastRetraining[]): number {
  const telling = newestFirst.filter(({ state }) => ['PROMOTED', 'RECOMMENDED', 'DECLINED', 'FAILED'].includes(state));
  const success = telling.findIndex(({ state }) => state !== 'FAILED');
  return success < 0 ? telling.length : success;
}
