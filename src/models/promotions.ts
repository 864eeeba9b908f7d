import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { ChangeFeed } from '../platform/events/change-feed.js';
import { EventLog } from '../platform/events/event-log.js';
import { Model } from './model.entity.js';
import { ModelVersion } from './model-version.entity.js';
import type { GateEvidence } from './promotion-gate.js';
import { promotionEvent } from './promotion-event.js';
import { Promotion } from './promotion.entity.js';
import { promotionObstacle, rejectionObstacle, rollbackTarget, type PromotionAction, type Stage } from './stage.js';

/** A decision of a person. */
export interface Decision {
  readonly model: string;
  readonly reason: string;
  readonly actorId: string;
}

/** A decision of the gate. */
export interface GateDecision {
  readonly action: 'PROMOTED' | 'RECOMMENDED' | 'DECLINED';
  readonly versionId: string;
  readonly reason: string;
  readonly evidence: GateEvidence;
  readonly contestId: string;
}

/** What the ledger keeps besides model, version and the champion until then. */
interface Entry {
  readonly action: PromotionAction;
  readonly reason: string;
  readonly actorId: string | null;
  readonly evidence?: GateEvidence;
  readonly contestId?: string;
}

/**
 * Changes stages. Each change locks the model's row, so that changes of one model come one after the other, and adds
 * its ledger entry in the same transaction.
 */
@Injectable()
export class Promotions {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly events: EventLog,
    private readonly feed: ChangeFeed,
  ) {}

  async promote({ model: name, reason, actorId }: Decision, number: number): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const version = await versionOf(manager, model, number);
      refuse(model, version, 'promoted', promotionObstacle(version.stage));
      return this.enthrone(manager, model, version, { action: 'PROMOTED', reason, actorId });
    });
  }

  async reject({ model: name, reason, actorId }: Decision, number: number): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const version = await versionOf(manager, model, number);
      refuse(model, version, 'rejected', rejectionObstacle(version.stage));
      const champion = await championOf(manager, model);
      await this.record(manager, model, version, champion, { action: 'REJECTED', reason, actorId });
      return moveTo(manager, version, 'REJECTED');
    });
  }

  /** Brings the champion before the present one back. */
  async rollback({ model: name, reason, actorId }: Decision): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const ledger = await manager.find(Promotion, { where: { modelId: model.id }, order: { createdAt: 'ASC' } });
      const versions = await manager.findBy(ModelVersion, { modelId: model.id });
      const byId = new Map(versions.map((version) => [version.id, version]));
      const target = byId.get(rollbackTarget(ledger, (id) => byId.get(id)?.stage === 'REJECTED') ?? '');
      if (!target) {
        throw new AppError(
          'INVALID_STATE',
          `Model ${model.name} has no earlier champion to roll back to. Promote another version with \`promoteVersion\`.`,
        );
      }
      return this.enthrone(manager, model, target, { action: 'ROLLED_BACK', reason, actorId });
    });
  }

  /**
   * Records what the gate decided, and carries it out.
   * @param seenChampion id of the champion that the decision was made against.
   * @returns false if another champion serves by now, so that the gate has to look again.
   */
  async decide(modelName: string, seenChampion: string | null, decision: GateDecision): Promise<boolean> {
    return this.change(modelName, async (manager, model) => {
      if (await manager.existsBy(Promotion, { contestId: decision.contestId })) return true;
      const champion = await championOf(manager, model);
      if ((champion?.id ?? null) !== seenChampion) return false;
      const version = await manager.findOneByOrFail(ModelVersion, { id: decision.versionId });
      const entry = { ...decision, actorId: null };
      // A person may have been faster; the gate then only notes what it thinks.
      const isOpen = version.stage === 'CANDIDATE';
      if (decision.action === 'PROMOTED' && isOpen) await this.enthrone(manager, model, version, entry);
      else await this.record(manager, model, version, champion, isOpen ? entry : { ...entry, action: 'DECLINED' });
      if (decision.action === 'RECOMMENDED' && isOpen) await moveTo(manager, version, 'CHALLENGER');
      return true;
    });
  }

  private async change<T>(name: string, work: (manager: EntityManager, model: Model) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => work(manager, await lockModel(manager, { name })));
  }

  private async enthrone(
    manager: EntityManager,
    model: Model,
    version: ModelVersion,
    entry: Entry,
  ): Promise<ModelVersion> {
    const champion = await championOf(manager, model);
    // First the old one: at no moment may two rows be champion.
    if (champion) await moveTo(manager, champion, 'RETIRED');
    await this.record(manager, model, version, champion, entry);
    return moveTo(manager, version, 'CHAMPION');
  }

  /** Adds an entry to the ledger, and tells of it. */
  private async record(
    manager: EntityManager,
    model: Model,
    version: ModelVersion,
    champion: ModelVersion | null,
    { action, reason, actorId, evidence, contestId }: Entry,
  ): Promise<void> {
    const entry = {
      id: uuidv7(),
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
  }
}

/** The model's row, locked until the transaction ends. @throws AppError NOT_FOUND */
export async function lockModel(
  manager: EntityManager,
  where: { readonly name: string } | { readonly id: string },
): Promise<Model> {
  const model = await manager.findOne(Model, { where, lock: { mode: 'pessimistic_write' } });
  if (model) return model;
  const name = 'name' in where ? `called ${where.name}` : `with the id ${where.id}`;
  throw new AppError('NOT_FOUND', `There is no model ${name}. The query \`models\` lists them.`);
}

async function versionOf(manager: EntityManager, model: Model, number: number): Promise<ModelVersion> {
  const version = await manager.findOneBy(ModelVersion, { modelId: model.id, number });
  if (version) return version;
  throw new AppError('NOT_FOUND', `Model ${model.name} has no version ${number}.`);
}

async function championOf(manager: EntityManager, model: Model): Promise<ModelVersion | null> {
  return manager.findOneBy(ModelVersion, { modelId: model.id, stage: 'CHAMPION' });
}

async function moveTo(manager: EntityManager, version: ModelVersion, stage: Stage): Promise<ModelVersion> {
  await manager.update(ModelVersion, { id: version.id }, { stage });
  return Object.assign(version, { stage });
}

function refuse(model: Model, version: ModelVersion, change: string, obstacle: string | undefined): void {
  if (obstacle === undefined) return;
  throw new AppError(
    'INVALID_STATE',
    `Version ${version.number} of model ${model.name} can't be ${change}: ${obstacle}.`,
  );
}
