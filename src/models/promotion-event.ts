import type { EventKind } from '../platform/events/event-kind.js';
import type { EventRecord } from '../platform/events/event-log.js';
import type { Promotion } from './promotion.entity.js';
import type { PromotionAction } from './stage.js';

const KINDS: Readonly<Partial<Record<PromotionAction, EventKind>>> = {
  PROMOTED: 'VERSION_PROMOTED',
  RECOMMENDED: 'VERSION_RECOMMENDED',
  ROLLED_BACK: 'CHAMPION_ROLLED_BACK',
};

/** What the world is told of an entry of the ledger; nothing if it leaves everything as it was. */
export function promotionEvent(entry: Omit<Promotion, 'createdAt'>): EventRecord | undefined {
  const kind = KINDS[entry.action];
  if (!kind) return undefined;
  const { id, modelId, modelName, versionId, versionNumber, previousNumber, actorId, reason } = entry;
  return {
    kind,
    modelId,
    modelName,
    subjectId: id,
    payload: { version: versionNumber, versionId, previousChampion: previousNumber, actorId, reason },
  };
}
