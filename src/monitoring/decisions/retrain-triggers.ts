import { driftPersists, type Verdict } from '../../ml/statistics/drift/verdict.js';
import { durationText } from './duration-text.js';
import type { DecisionInputs, RetrainingTrigger, RuleStep } from './retrain-rule.types.js';

/** A trigger's answer. */
export type TriggerStep = RuleStep & { readonly rule: RetrainingTrigger };

/** Columns that a sentence names; the report has them all. */
const NAMED = 5;

/** What may ask for a retraining, in the order in which it gives a retraining its name. */
export function triggersOf({
  window,
  persistence,
  quality,
  age,
}: DecisionInputs): readonly [TriggerStep, TriggerStep, TriggerStep] {
  return [driftStep(window, persistence), qualityStep(quality), ageStep(age)];
}

function driftStep(window: DecisionInputs['window'], persistence: DecisionInputs['persistence']): TriggerStep {
  const seen = windowText(window);
  if (!persistence)
    return trigger('DRIFT', false, `${seen} This policy reports drift and does not retrain because of it.`);
  const { k, n, verdicts } = persistence;
  const recent = judged(verdicts).slice(-n);
  const drifted = recent.filter((verdict) => verdict === 'DRIFT').length;
  const needed = `${k} of the last ${n} windows must show drift`;
  const counted = `${drifted} of ${recent.length === n ? 'these' : `the ${recent.length} so far`} ${drifted === 1 ? 'does' : 'do'}`;
  return trigger('DRIFT', driftPersists(verdicts, { k, n }), `${seen} For a retraining ${needed}; ${counted}.`);
}

/** Windows that say something. */
function judged(verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter((verdict) => verdict !== 'TOO_FEW_ROWS');
}

function windowText({ verdict, rows, minimumRows, drifted }: DecisionInputs['window']): string {
  if (verdict === 'NO_DRIFT') return `The window of ${rows} predictions shows no drift.`;
  if (verdict === 'DRIFT') return `The window of ${rows} predictions shows drift in ${namesText(drifted)}.`;
  const few = rows < minimumRows ? `, fewer than the ${minimumRows} that are needed` : '';
  return `The window of ${rows} predictions is too small to say anything${few}.`;
}

function namesText(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function qualityStep(quality: DecisionInputs['quality']): TriggerStep {
  if (!quality) return trigger('QUALITY', false, 'This policy sets no floor for quality.');
  const { metric, direction, floor, value, low, high, outcomes, minimumOutcomes } = quality;
  const bound = direction === 'HIGHER_IS_BETTER' ? 'at least' : 'at most';
  const wanted = `${metric} is to be ${bound} ${floor}`;
  if (outcomes < minimumOutcomes) {
    return trigger(
      'QUALITY',
      false,
      `${wanted}; only ${outcomes} outcomes are known, and ${minimumOutcomes} are needed.`,
    );
  }
  if (value === null || low === null || high === null) {
    return trigger('QUALITY', false, `${wanted}; it can't be told from the ${outcomes} outcomes that are known.`);
  }
  const holds = direction === 'HIGHER_IS_BETTER' ? high < floor : low > floor;
  const measured = `it is ${text(value)} on ${outcomes} outcomes, with a band from ${text(low)} to ${text(high)}`;
  const judgement = holds ? 'which lies wholly beyond the floor' : 'which does not lie wholly beyond the floor';
  return trigger('QUALITY', holds, `${wanted}; ${measured}, ${judgement}.`);
}

function ageStep(age: DecisionInputs['age']): TriggerStep {
  if (!age) return trigger('AGE', false, 'This policy sets no limit to the age of the champion.');
  const holds = age.seconds > age.maximumSeconds;
  const limit = durationText(age.maximumSeconds);
  const explanation = `The champion was trained ${durationText(age.seconds)} ago; it may be ${limit} old.`;
  return trigger('AGE', holds, explanation);
}

function trigger(rule: RetrainingTrigger, holds: boolean, explanation: string): TriggerStep {
  return { rule, kind: 'TRIGGER', holds, explanation };
}

function text(value: number): string {
  return String(Number(value.toPrecision(4)));
}
