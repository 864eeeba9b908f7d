import type { RetrainingDecisionType } from './decision.types.js';
import type { RetrainingDecision } from './retraining-decision.entity.js';

export function toDecisionType(decision: RetrainingDecision): RetrainingDecisionType {
  const { id, modelId, reportId, verdict, trigger, reason, createdAt } = decision;
  return { id, modelId, reportId, verdict, trigger, reason, createdAt };
}
