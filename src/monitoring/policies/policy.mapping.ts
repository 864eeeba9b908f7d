import { thresholdOf } from '../../ml/statistics/drift/checks.js';
import type { MonitoringPolicy } from './monitoring-policy.entity.js';
import type { MonitoringPolicyType } from './policy.types.js';

export function toPolicyType(policy: MonitoringPolicy): MonitoringPolicyType {
  const { id, modelId, enabled, settings, nextAt, lastTick, failure, createdAt, updatedAt } = policy;
  const { checks, algorithms, persistence, quality, costLimit, ...plain } = settings;
  return {
    id,
    modelId,
    enabled,
    ...plain,
    persistence: persistence && { ...persistence },
    quality: quality && { ...quality },
    costLimit: costLimit ? { ...costLimit } : null,
    algorithms: algorithms && [...algorithms],
    checks: Object.entries(checks).flatMap(([column, ofColumn]) =>
      ofColumn.map((check) => ({ column, method: check.method, threshold: thresholdOf(check) })),
    ),
    nextCheckAt: enabled ? nextAt : null,
    lastCheckAt: lastTick,
    failure,
    createdAt,
    updatedAt,
  };
}
