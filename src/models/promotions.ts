import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { Challenges } from './challenges.js';
import { championOf, lockModel, moveTo, refuse, versionOf } from './locked-model.js';
import { Model } from './model.entity.js';
import { ModelVersion } from './model-version.entity.js';
import type { GateEvidence } from './promotion-gate.js';
import { type LedgerEntry, PromotionLedger } from './promotion-ledger.js';
import { Promotion } from './promotion.entity.js';
import { promotionObstacle, rejectionObstacle } from './stage.js';

/** A decision of a person. */
export interface Decision {
  readonly model: string;
  readonly reason: string;
  readonly actorId: string;
}

/** A decision of the gate; what becomes of a promotion depends on the model's mode. */
export interface GateDecision {
  readonly promote: boolean;
  readonly versionId: string;
  readonly reason: string;
  /** Null if the gate did not come to see any. */
  readonly evidence: GateEvidence | null;
  readonly contestId: string;
}

/**
 * Changes stages. Each change locks the model's row, so that changes of one model come one after the other, and adds
 * its ledger entry in the same transaction.
 */
@Injectable()
export class Promotions {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly ledger: PromotionLedger,
    private readonly challenges: Challenges,
  ) {}

  async promote({ model: name, reason, actorId }: Decision, number: number): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const version = await versionOf(manager, model, number);
      refuse(model, version, 'promoted', promotionObstacle(version.stage));
      if (await isRecommended(manager, model, version)) await setRecommendation(manager, model, null);
      return this.enthrone(manager, model, version, { action: 'PROMOTED', reason, actorId });
    });
  }

  async reject({ model: name, reason, actorId }: Decision, number: number): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const version = await versionOf(manager, model, number);
      refuse(model, version, 'rejected', rejectionObstacle(version.stage));
      if (await isRecommended(manager, model, version)) await setRecommendation(manager, model, null);
      if (await this.challenges.isTried(manager, version)) {
        await this.challenges.endActive(manager, model, { reason: 'It was rejected.', actorId });
      }
      const champion = await championOf(manager, model);
      await this.ledger.record(manager, { model, version, champion }, { action: 'REJECTED', reason, actorId });
      return moveTo(manager, version, 'REJECTED');
    });
  }

  /** Answers a recommendation of the gate with no; the version stays and may be promoted another time. */
  async declineRecommendation({ model: name, reason, actorId }: Decision, number: number): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const version = await versionOf(manager, model, number);
      if (!(await isRecommended(manager, model, version))) {
        throw new AppError(
          'INVALID_STATE',
          `Version ${number} of model ${name} does not wait for approval. The query \`pendingApprovals\` lists those that do.`,
        );
      }
      await this.withdraw(manager, model, { reason, actorId });
      return manager.findOneByOrFail(ModelVersion, { id: version.id });
    });
  }

  /** Brings the champion before the present one back. */
  async rollback({ model: name, reason, actorId }: Decision): Promise<ModelVersion> {
    return this.change(name, async (manager, model) => {
      const target = await this.rollbackTarget(manager, model);
      if (await isRecommended(manager, model, target)) await setRecommendation(manager, model, null);
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
      await this.carryOut(manager, model, champion, decision);
      return true;
    });
  }

  /** Notes for good that the gate could not decide. Does nothing if it did meanwhile. */
  async giveUp(modelName: string, decision: Omit<GateDecision, 'promote' | 'evidence'>): Promise<void> {
    await this.change(modelName, async (manager, model) => {
      if (await manager.existsBy(Promotion, { contestId: decision.contestId })) return;
      const champion = await championOf(manager, model);
      await this.carryOut(manager, model, champion, { ...decision, promote: false, evidence: null });
    });
  }

  private async carryOut(
    manager: EntityManager,
    model: Model,
    champion: ModelVersion | null,
    { promote, versionId, ...words }: GateDecision,
  ): Promise<void> {
    const version = await manager.findOneByOrFail(ModelVersion, { id: versionId });
    const said = { ...words, actorId: null };
    const subject = { model, version, champion };
    // A person may have been faster; the gate then only notes what it thinks.
    if (!promote || version.stage !== 'CANDIDATE') {
      await this.ledger.record(manager, subject, { ...said, action: 'DECLINED' });
      return;
    }
    // The newer verdict stands: whoever approved the older one later would undo it.
    await this.withdraw(manager, model, { reason: `Version ${version.number} superseded it.`, actorId: null });
    if (model.promotionMode === 'AUTOMATIC') {
      await this.enthrone(manager, model, version, { ...said, action: 'PROMOTED' });
      return;
    }
    await setRecommendation(
      manager,
      model,
      await this.ledger.record(manager, subject, { ...said, action: 'RECOMMENDED' }),
    );
    await moveTo(manager, version, 'CHALLENGER');
  }

  /** Takes the recommendation of a model back, if there is one. While it is tried, its version stays a challenger. */
  private async withdraw(
    manager: EntityManager,
    model: Model,
    { reason, actorId }: Pick<LedgerEntry, 'reason' | 'actorId'>,
  ): Promise<void> {
    const recommendation = await recommendationOf(manager, model);
    if (!recommendation) return;
    await setRecommendation(manager, model, null);
    const version = await manager.findOneByOrFail(ModelVersion, { id: recommendation.versionId });
    const champion = await championOf(manager, model);
    await this.ledger.record(manager, { model, version, champion }, { action: 'DECLINED', reason, actorId });
    const isTried = await this.challenges.isTried(manager, version);
    if (version.stage === 'CHALLENGER' && !isTried) await moveTo(manager, version, 'CANDIDATE');
  }

  private async enthrone(
    manager: EntityManager,
    model: Model,
    version: ModelVersion,
    entry: LedgerEntry,
  ): Promise<ModelVersion> {
    // A challenge is one of the champion that it began with, and compares with nothing else.
    const { actorId } = entry;
    await this.challenges.endActive(manager, model, { reason: `Version ${version.number} becomes champion.`, actorId });
    const champion = await championOf(manager, model);
    // First the old one: at no moment may two rows be champion.
    if (champion) await moveTo(manager, champion, 'RETIRED');
    await this.ledger.record(manager, { model, version, champion }, entry);
    return moveTo(manager, version, 'CHAMPION');
  }

  private async rollbackTarget(manager: EntityManager, model: Model): Promise<ModelVersion> {
    const champion = await championOf(manager, model);
    for await (const id of this.ledger.champions(manager, model.id)) {
      if (id === champion?.id) continue;
      const version = await manager.findOneBy(ModelVersion, { id });
      if (version && version.stage !== 'REJECTED') return version;
    }
    throw new AppError(
      'INVALID_STATE',
      `Model ${model.name} has no earlier champion to roll back to. Promote another version with \`promoteVersion\`.`,
    );
  }

  private async change<T>(name: string, work: (manager: EntityManager, model: Model) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => work(manager, await lockModel(manager, { name })));
  }
}

async function recommendationOf(manager: EntityManager, { recommendationId }: Model): Promise<Promotion | null> {
  return recommendationId === null ? null : manager.findOneBy(Promotion, { id: recommendationId });
}

async function isRecommended(manager: EntityManager, model: Model, version: ModelVersion): Promise<boolean> {
  return (await recommendationOf(manager, model))?.versionId === version.id;
}

async function setRecommendation(manager: EntityManager, model: Model, id: string | null): Promise<void> {
  await manager.update(Model, { id: model.id }, { recommendationId: id });
  model.recommendationId = id;
}
