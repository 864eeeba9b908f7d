import { shortestGap } from '../../platform/schedule/cron.js';
import type { PolicyContext } from './policy-context.js';
import type { PolicySettings } from './policy-settings.js';

const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 7 * DAY_SECONDS;

/** What is allowed and yet may not be meant: each in a sentence. @param settings without problems. */
export function policyWarnings(settings: PolicySettings, context: PolicyContext): string[] {
  return [
    ...triggerWarnings(settings, context),
    ...windowWarnings(settings, context),
    ...brakeWarnings(settings),
    ...modeWarnings(settings),
  ];
}

function triggerWarnings(settings: PolicySettings, { canExtract, version }: PolicyContext): string[] {
  const warnings: string[] = [];
  if (!version) warnings.push('The model has no version yet, so types of columns and metrics were not looked at.');
  if (!settings.persistence && !settings.quality && settings.maximumAgeSeconds === null) {
    warnings.push('Nothing starts a retraining: drift is reported only.');
    return warnings;
  }
  if (settings.data === 'SOURCE' && !canExtract) {
    warnings.push(
      'The dataset is uploaded, so a retraining finds new data only if somebody has uploaded some: consider data LOGGED.',
    );
  }
  return warnings;
}

function windowWarnings(settings: PolicySettings, { weekOfPredictions, version }: PolicyContext): string[] {
  const { windowSeconds, minimumRows, groups, rowsPerGroup, mode, cron } = settings;
  const warnings: string[] = [];
  const needed = groups * rowsPerGroup;
  if (mode === 'BOUCLE' && minimumRows < needed) {
    warnings.push(
      `Windows of ${minimumRows} to ${needed - 1} predictions will be said to have too few rows all the same, wherever a column has ${groups} groups of ${rowsPerGroup} rows.`,
    );
  }
  const usual = Math.round((weekOfPredictions * windowSeconds) / WEEK_SECONDS);
  if (version && weekOfPredictions > 0 && usual < minimumRows) {
    warnings.push(
      `At the traffic of the last seven days a window holds about ${usual} predictions, fewer than minimumRows: lengthen the window or lower minimumRows.`,
    );
  }
  const gap = shortestGap(cron);
  if (gap > windowSeconds) {
    warnings.push(`Checks are at least ${gap} s apart, so windows of ${windowSeconds} s leave predictions unseen.`);
  }
  return warnings;
}

function brakeWarnings({ coolDownSeconds, retrainingsPerDay, maximumAgeSeconds, cron }: PolicySettings): string[] {
  const warnings: string[] = [];
  const gap = shortestGap(cron);
  if (coolDownSeconds < gap) {
    warnings.push(`The cool-down of ${coolDownSeconds} s is over before the next check, so it holds nothing back.`);
  } else if (Math.floor(DAY_SECONDS / coolDownSeconds) < retrainingsPerDay - 1) {
    warnings.push(
      `With a cool-down of ${coolDownSeconds} s there can't be ${retrainingsPerDay} retrainings a day: the limit holds nothing back.`,
    );
  }
  if (maximumAgeSeconds !== null && maximumAgeSeconds < coolDownSeconds) {
    warnings.push('The cool-down is longer than maximumAgeSeconds, so champions get as old as the cool-down.');
  }
  return warnings;
}

function modeWarnings({ mode, persistence, groups, significance, driftedShare }: PolicySettings): string[] {
  if (mode !== 'EVIDENTLY') return [];
  const warnings: string[] = [];
  if (persistence?.k === 1) {
    warnings.push(
      'Mode EVIDENTLY does not correct for chance over columns: with k = 1, expect retrainings without drift.',
    );
  }
  if (groups !== 10 || significance !== 0.01 || driftedShare !== 0) {
    warnings.push('groups, rowsPerGroup, significance and driftedShare have no effect in mode EVIDENTLY.');
  }
  return warnings;
}
