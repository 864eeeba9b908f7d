import { checkProblem } from '../../ml/statistics/drift/checks.js';
import { DRIFT_METHODS } from '../../ml/statistics/drift/methods.js';
import { METRICS_OF_TASK } from '../../ml/metrics/evaluate.js';
import { directionOf, isBetter } from '../../models/gate-metrics.js';
import { cronProblem, shortestGap } from '../../platform/schedule/cron.js';
import { windowProblem } from '../../predictions/counts/aligned-window.js';
import { SLOT_MS } from '../../predictions/counts/windows.js';
import { columnsOf, type ColumnIdentity } from '../checks/watched-columns.js';
import type { CostInputs } from '../decisions/retrain-rule.types.js';
import type { PolicyContext } from './policy-context.js';
import type { PolicySettings } from './policy-settings.js';

const DAY_SECONDS = 86_400;
/** Checks closer to each other than counts are kept apart would see the same window. */
const SHORTEST_GAP = SLOT_MS / 1_000;
/** Metrics that never exceed 1, and never fall below 0. */
const SHARES: readonly string[] = ['accuracy', 'balancedAccuracy', 'f1Macro', 'rocAuc', 'prAuc'];

/** Why a policy could never fire, would always fire, or could not be checked at all: each in a sentence. */
export function policyProblems(settings: PolicySettings, context: PolicyContext, cost: CostInputs | null): string[] {
  const scheduleProblem = cronProblem(settings.cron, settings.timeZone);
  if (scheduleProblem !== undefined) return [scheduleProblem];
  return [
    ...timeProblems(settings, context),
    ...checkProblems(settings, context),
    ...rowProblems(settings, context),
    ...persistenceProblems(settings, context),
    ...qualityProblems(settings, context),
    ...ageProblems(settings),
    ...costProblems(cost),
  ];
}

function timeProblems({ cron, windowSeconds }: PolicySettings, { retentionDays }: PolicyContext): string[] {
  const problems: string[] = [];
  const gap = shortestGap(cron);
  if (gap < SHORTEST_GAP) {
    problems.push(`cron fires every ${gap} s, but counts are kept by ${SHORTEST_GAP} s: check at most that often.`);
  }
  const problem = windowProblem(windowSeconds);
  if (problem !== undefined) problems.push(`windowSeconds: ${problem}.`);
  if (windowSeconds > retentionDays * DAY_SECONDS) {
    problems.push(`windowSeconds: predictions are kept for ${retentionDays} days only: take a shorter window.`);
  }
  return problems;
}

function checkProblems({ checks, mode }: PolicySettings, context: PolicyContext): string[] {
  if (mode === 'EVIDENTLY' && Object.keys(checks).length > 0) {
    return ['checks: mode EVIDENTLY chooses methods and thresholds itself: leave checks out, or take mode BOUCLE.'];
  }
  const columns = knownColumns(context);
  return Object.entries(checks).flatMap(([name, ofColumn]) => {
    const column = columns.find((known) => known.name === name);
    if (!column) {
      const names = columns.map((known) => known.name).join(', ');
      return [`checks: there is no column ${name} to watch. There are ${names}.`];
    }
    return ofColumn.flatMap((check) => {
      const problem = column.type === null ? undefined : checkProblem(check, column.type);
      if (problem !== undefined) return [`checks: column ${name}: ${problem}.`];
      return sampleProblem(column, DRIFT_METHODS[check.method].needs === 'SAMPLE', check.method, context);
    });
  });
}

function sampleProblem(
  { name, role }: Pick<ColumnIdentity, 'name' | 'role'>,
  isSampled: boolean,
  method: string,
  { version }: PolicyContext,
): string[] {
  if (!isSampled) return [];
  if (role !== 'FEATURE') {
    return [`checks: ${method} compares raw values, and the reference keeps none of ${name}: choose psi, say.`];
  }
  if (version?.hasSample !== false) return [];
  return [`checks: ${method} compares raw values, but version ${version.number} keeps no sample: train a new version.`];
}

/** Types are known once there is a version. */
function knownColumns({ version, features, target }: PolicyContext) {
  if (version) return columnsOf(version.signature);
  const names = features.map((name) => ({ name, role: 'FEATURE' as const, type: null }));
  return [...names, { name: target, role: 'OUTPUT' as const, type: null }];
}

function rowProblems({ mode, rowsPerGroup }: PolicySettings, { version }: PolicyContext): string[] {
  if (!version || mode === 'EVIDENTLY') return [];
  const { rows } = version.reference;
  if (rows >= 2 * rowsPerGroup) return [];
  return [
    `rowsPerGroup: drift could never be reported, since two groups of ${rowsPerGroup} rows are the least, and version ${version.number} was trained on ${rows}: take at most ${Math.floor(rows / 2)}, or train on more.`,
  ];
}

function persistenceProblems(
  { persistence, windowSeconds }: PolicySettings,
  { retentionDays }: PolicyContext,
): string[] {
  if (!persistence) return [];
  const { k, n } = persistence;
  if (k > n) return [`persistence: ${k} of ${n} windows can never drift: k must be at most n.`];
  if (k * windowSeconds <= retentionDays * DAY_SECONDS) return [];
  return [
    `persistence: ${k} windows take longer than the ${retentionDays} days for which reports are kept, so it could never fire: take a smaller k or a shorter window.`,
  ];
}

function qualityProblems({ quality }: PolicySettings, { task, version, retentionDays }: PolicyContext): string[] {
  if (!quality) return [];
  const { metric, floor, windowSeconds } = quality;
  const direction = directionOf(task, metric);
  if (!direction) {
    const known = Object.keys(METRICS_OF_TASK[task]).join(', ');
    return [`quality: there is no metric ${metric} of a ${task}. Choose among ${known}.`];
  }
  const problems: string[] = [];
  if (windowSeconds > retentionDays * DAY_SECONDS) {
    problems.push(`quality: predictions are kept for ${retentionDays} days only: take a shorter window.`);
  }
  if (direction === 'HIGHER_IS_BETTER') {
    if (SHARES.includes(metric) && floor <= 0) problems.push(`quality: ${metric} is never below ${floor}.`);
    if (floor > 1) problems.push(`quality: ${metric} is never above 1, so a floor of ${floor} would always fire.`);
  } else if (floor <= 0) {
    problems.push(`quality: ${metric} is above 0 for any real model, so a bound of ${floor} would always fire.`);
  }
  const reached = version?.metrics.holdout.scores[metric] ?? null;
  if (version && reached !== null && isBetter(direction, floor, reached)) {
    problems.push(
      `quality: version ${version.number} reached only ${Number(reached.toPrecision(4))} on its held-out rows, so a bound of ${floor} would always fire.`,
    );
  }
  return problems;
}

function costProblems(cost: CostInputs | null): string[] {
  if (!cost) return [];
  if (cost.most === null) {
    return ['costLimit: no retraining could begin, since its cost is unknown: set SAGEMAKER_PRICES first.'];
  }
  const { perRetraining, perMonth } = cost;
  if (cost.most <= Math.min(perRetraining ?? Infinity, perMonth ?? Infinity)) return [];
  return [
    `costLimit: no retraining could begin, since its trainings may cost $${cost.most.toFixed(2)}, ${cost.trainings} at the full price for TRAINING_TIMEOUT_SECONDS: raise the limit, lower that, or train fewer algorithms.`,
  ];
}

function ageProblems({ maximumAgeSeconds, cron }: PolicySettings): string[] {
  if (maximumAgeSeconds === null) return [];
  const gap = shortestGap(cron);
  if (maximumAgeSeconds > gap) return [];
  return [
    `maximumAgeSeconds: checks are ${gap} s apart, so any champion would be older than ${maximumAgeSeconds} s: it would always fire.`,
  ];
}
