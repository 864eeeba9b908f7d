import type { EntityManager } from 'typeorm';
import { Model } from '../../models/model.entity.js';
import type { EventLog } from '../../platform/events/event-log.js';
import type { MonitoringPolicy } from '../policies/monitoring-policy.entity.js';

/** Tells of a check that could not be made; once, not at every tick, as long as the reason stays the same. */
export async function tellOfFailure(
  manager: EntityManager,
  events: EventLog,
  { id, modelId, failure: before }: MonitoringPolicy,
  tick: Date,
  failure: string,
): Promise<void> {
  if (failure === before) return;
  const model = await manager.findOneBy(Model, { id: modelId });
  await events.record(manager, {
    kind: 'CHECK_FAILED',
    modelId,
    modelName: model?.name ?? null,
    subjectId: id,
    payload: { tick: tick.toISOString(), failure },
  });
}
