import { brakesOf } from './retrain-brakes.js';
import type { Decision, DecisionInputs, DecisionVerdict } from './retrain-rule.types.js';
import { triggersOf } from './retrain-triggers.js';

/**
 * Whether a model is to be trained anew after a check. The first trigger that holds gives the retraining its name; the
 * first brake that holds prevents it. Nothing but the inputs counts, so a stored decision can be made again.
 */
export function decide(inputs: DecisionInputs): Decision {
  const triggers = triggersOf(inputs);
  const asking = triggers.find(({ holds }) => holds);
  if (!asking) {
    return { verdict: quietVerdict(inputs), trigger: null, reason: triggers[0].explanation, steps: triggers };
  }
  const brakes = brakesOf(inputs);
  const steps = [...triggers, ...brakes];
  const holding = brakes.find(({ holds }) => holds);
  if (!holding) return { verdict: 'RETRAIN', trigger: asking.rule, reason: asking.explanation, steps };
  const reason = `${asking.explanation} But no retraining begins: ${holding.explanation}`;
  return { verdict: holding.rule, trigger: asking.rule, reason, steps };
}

/** The verdict where nothing asks for a retraining: what the window shows. */
function quietVerdict({ window, persistence }: DecisionInputs): DecisionVerdict {
  if (window.verdict === 'TOO_FEW_ROWS') return 'TOO_FEW_ROWS';
  return window.verdict === 'DRIFT' && persistence ? 'NOT_PERSISTENT' : 'HEALTHY';
}
