import type { RunState } from '../../training/run-state.js';
import { isFinal } from '../../training/run-state.js';
import type { PromotionAction } from '../../models/stage.js';
import type { RetrainingState } from '../decisions/retrain-rule.types.js';
import type { Retraining } from './retraining.entity.js';

/** What a retraining comes to next; the same state and message if there is nothing to do but wait. */
export interface RetrainingStep {
  readonly state: RetrainingState;
  readonly message: string;
  readonly changes?: Partial<Pick<Retraining, 'sourceVersionId' | 'extractionId' | 'datasetVersionId' | 'groupId'>>;
}

/** The gate's job is tried some times for an hour each, and may have to wait for a worker. */
const JUDGING_LIMIT_SECONDS = 12 * 3_600;

export function isOver(state: RetrainingState): boolean {
  return !['GATHERING', 'TRAINING', 'JUDGING'].includes(state);
}

/** TRAINING lasts until all runs of the group have ended; one that succeeded is enough for the gate. */
export function afterRuns(
  runs: readonly { readonly state: RunState; readonly algorithm: string; readonly failure: string | null }[],
): RetrainingStep {
  const ended = runs.filter(({ state }) => isFinal(state));
  if (ended.length < runs.length) {
    const isStopping = runs.some(({ state }) => state === 'CANCELLING');
    const message = isStopping ? 'stopping its trainings' : `${ended.length} of ${runs.length} trainings have ended`;
    return { state: 'TRAINING', message };
  }
  const among = (state: RunState) => runs.filter((run) => run.state === state);
  const succeeded = among('SUCCEEDED').length;
  if (succeeded > 0) {
    return {
      state: 'JUDGING',
      message: `the gate judges ${succeeded} new ${succeeded === 1 ? 'version' : 'versions'}`,
    };
  }
  if (among('CANCELLED').length > 0) return { state: 'CANCELLED', message: 'Its trainings were cancelled.' };
  const [failed] = among('FAILED');
  const reason = failed ? `${failed.algorithm}: ${failed.failure}` : 'its trainings are gone.';
  return { state: 'FAILED', message: `No training succeeded. ${reason}` };
}

/** JUDGING lasts until the gate's verdict stands in the ledger. */
export function afterGate(
  verdict: { readonly action: PromotionAction; readonly reason: string } | null,
  waitedSeconds: number,
  waiting: string,
): RetrainingStep {
  if (verdict) return { state: stateOf(verdict.action), message: verdict.reason };
  if (waitedSeconds <= JUDGING_LIMIT_SECONDS) return { state: 'JUDGING', message: waiting };
  const hours = JUDGING_LIMIT_SECONDS / 3_600;
  return {
    state: 'FAILED',
    message: `The gate gave no verdict within ${hours} hours. See that a worker runs; then compare the new versions, and use \`promoteVersion\`.`,
  };
}

function stateOf(action: PromotionAction): 'PROMOTED' | 'RECOMMENDED' | 'DECLINED' {
  return action === 'PROMOTED' || action === 'RECOMMENDED' ? action : 'DECLINED';
}
