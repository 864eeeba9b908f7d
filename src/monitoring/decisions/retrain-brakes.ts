import { durationText } from './duration-text.js';
import type { CostInputs, DecisionInputs, DecisionVerdict, RuleStep } from './retrain-rule.types.js';

type Brakes = DecisionInputs['brakes'];
/** A brake's answer; its name is also the verdict of what it held. */
export type BrakeStep = RuleStep & { readonly rule: RuleStep['rule'] & DecisionVerdict };

/** Without a cool-down, failures would follow each other at every check. */
const SHORTEST_BACK_OFF_SECONDS = 300;
const LONGEST_BACK_OFF_SECONDS = 30 * 86_400;

/** What may hold a retraining, in the order in which it gives the decision its name. */
export function brakesOf({ at, brakes }: DecisionInputs): readonly BrakeStep[] {
  const limits = brakes.cost ? [costLimit(brakes.cost)] : [];
  return [underWay(brakes), coolDown(at, brakes), dailyLimit(brakes), backOff(at, brakes), ...limits];
}

/** For how long after its beginning the last of so many failures in a row holds up the next retraining. */
export function backOffSeconds(coolDownSeconds: number, failures: number): number {
  if (failures <= 0) return 0;
  const doubled = Math.max(coolDownSeconds, SHORTEST_BACK_OFF_SECONDS) * 2 ** failures;
  return Math.min(doubled, LONGEST_BACK_OFF_SECONDS);
}

function underWay({ underWay: holds }: Brakes): BrakeStep {
  return brake('UNDER_WAY', holds, holds ? 'A retraining is under way.' : 'No retraining is under way.');
}

function coolDown(at: string, { lastBegan, coolDownSeconds }: Brakes): BrakeStep {
  if (lastBegan === null) return brake('COOL_DOWN', false, 'No retraining has begun under this policy so far.');
  const { holds, words } = waitAfter(lastBegan, coolDownSeconds, at);
  const length = durationText(coolDownSeconds);
  return brake('COOL_DOWN', holds, `After a retraining began, none begins for ${length}: ${words}.`);
}

function dailyLimit({ today, perDay }: Brakes): BrakeStep {
  return brake('DAILY_LIMIT', today >= perDay, `${today} began in the last 24 hours; ${perDay} may.`);
}

function backOff(at: string, { lastBegan, coolDownSeconds, failures }: Brakes): BrakeStep {
  if (failures === 0 || lastBegan === null) return brake('BACK_OFF', false, 'The last one did not fail.');
  const seconds = backOffSeconds(coolDownSeconds, failures);
  const { holds, words } = waitAfter(lastBegan, seconds, at);
  const failed = failures === 1 ? 'The last one failed' : `The last ${failures} failed`;
  return brake('BACK_OFF', holds, `${failed}, so none begins for ${durationText(seconds)} after it began: ${words}.`);
}

function costLimit({ most, trainings, spent, perRetraining, perMonth }: CostInputs): BrakeStep {
  if (most === null) {
    const words = 'It is unknown what a retraining may cost: name the prices of all SAGEMAKER_INSTANCE_TYPES in';
    return brake('COST_LIMIT', true, `${words} SAGEMAKER_PRICES.`);
  }
  const asked = `A retraining of ${trainings} ${trainings === 1 ? 'training' : 'trainings'} may cost ${dollars(most)}`;
  if (perRetraining !== null && most > perRetraining) {
    const advice = 'Lower TRAINING_TIMEOUT_SECONDS, train fewer algorithms, or raise the limit.';
    return brake('COST_LIMIT', true, `${asked}, more than the ${dollars(perRetraining)} that one may. ${advice}`);
  }
  if (perMonth === null) return brake('COST_LIMIT', false, `${asked}; one may cost ${dollars(perRetraining ?? most)}.`);
  const month = `${dollars(spent)} of ${dollars(perMonth)} went to retrainings in the last 30 days`;
  return brake('COST_LIMIT', spent + most > perMonth, `${asked}; ${month}.`);
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** Compares instants only, so that a clock that was put back lets nothing begin earlier than it was told to. */
function waitAfter(beganAt: string, seconds: number, at: string): { holds: boolean; words: string } {
  const ends = Date.parse(beganAt) + seconds * 1000;
  const holds = Date.parse(at) < ends;
  return { holds, words: `${holds ? 'until' : 'that ended at'} ${new Date(ends).toISOString()}` };
}

function brake(rule: BrakeStep['rule'], holds: boolean, explanation: string): BrakeStep {
  return { rule, kind: 'BRAKE', holds, explanation };
}
