import { Injectable } from '@nestjs/common';
import { EntityManager, In, LessThan } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { timeOfId } from '../platform/database/time-of-id.js';
import { ChangeFeed } from '../platform/events/change-feed.js';
import { EventLog } from '../platform/events/event-log.js';
import { CHAMPION_CHANGES, type ChampionChange, ChampionLine } from './champion-line.js';
import type { Model } from './model.entity.js';
import type { ModelVersion } from './model-version.entity.js';
import type { GateEvidence } from './promotion-gate.js';
import { promotionEvent } from './promotion-event.js';
import { Promotion } from './promotion.entity.js';
import type { PromotionAction } from './stage.js';

const PAGE = 100;

/** What an entry says besides model, version and the champion until then. */
export interface LedgerEntry {
  readonly action: PromotionAction;
  readonly reason: string;
  readonly actorId: string | null;
  readonly evidence?: GateEvidence | null;
  readonly contestId?: string;
}

/** What an entry is about: a version of a model, and the champion until then. */
export interface LedgerSubject {
  readonly model: Model;
  readonly version: ModelVersion;
  readonly champion: ModelVersion | null;
}

/** The ledger of promotions: written in the transaction of what it tells of, never changed. */
@Injectable()
export class PromotionLedger {
  constructor(
    private readonly events: EventLog,
    private readonly feed: ChangeFeed,
  ) {}

  /** Adds an entry, and tells of it. @returns its id. */
  async record(
    manager: EntityManager,
    { model, version, champion }: LedgerSubject,
    { action, reason, actorId, evidence, contestId }: LedgerEntry,
  ): Promise<string> {
    const entry = {
      id: await nextId(manager, model),
      modelId: model.id,
      modelName: model.name,
      versionId: version.id,
      versionNumber: version.number,
      previousNumber: champion?.number ?? null,
      action,
      actorId,
      reason,
      evidence: evidence ?? null,
      contestId: contestId ?? null,
    };
    await manager.insert(Promotion, entry);
    await this.feed.publish(manager, 'stage', { id: entry.id, modelId: model.id });
    const event = promotionEvent(entry);
    if (event) await this.events.record(manager, event);
    return entry.id;
  }

  /** Champions that a rollback passes, newest first, beginning with the present one; read as far as it is asked. */
  async *champions(manager: EntityManager, modelId: string): AsyncGenerator<string> {
    const line = new ChampionLine();
    let page: (ChampionChange & { readonly id: string })[];
    let before: string | undefined;
    do {
      page = await manager.find(Promotion, {
        where: { modelId, action: In([...CHAMPION_CHANGES]), ...(before !== undefined && { id: LessThan(before) }) },
        select: { id: true, action: true, versionId: true },
        order: { id: 'DESC' },
        take: PAGE,
      });
      for (const change of page) {
        const versionId = line.next(change);
        if (versionId !== undefined) yield versionId;
      }
      before = page.at(-1)?.id;
    } while (page.length === PAGE);
  }
}

/**
 * Later than the ids of all entries of the model, on which the caller has the lock: readers go by the order of ids, and
 * clocks of hosts differ.
 */
async function nextId(manager: EntityManager, { id: modelId }: Model): Promise<string> {
  const last = await manager.findOne(Promotion, { where: { modelId }, select: { id: true }, order: { id: 'DESC' } });
  return uuidv7({ msecs: Math.max(Date.now(), last ? timeOfId(last.id).getTime() + 1 : 0) });
}
