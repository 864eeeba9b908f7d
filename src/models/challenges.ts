import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, IsNull, LessThan, MoreThan } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { Challenge } from './challenge.entity.js';
import { championOf, lockModel, moveTo, refuse, versionOf } from './locked-model.js';
import type { Model } from './model.entity.js';
import { ModelVersion } from './model-version.entity.js';
import { PromotionLedger } from './promotion-ledger.js';
import { Promotion } from './promotion.entity.js';
import { challengeObstacle, type ChallengeKind } from './stage.js';

/** Most that a canary may answer: beyond it, the challenger would be the champion in all but name. */
export const MAX_CANARY_SHARE = 0.5;

export interface StartOfChallenge {
  readonly model: string;
  readonly version: number;
  readonly kind: ChallengeKind;
  readonly share: number;
  readonly reason: string;
  readonly actorId: string;
}

interface End {
  readonly reason: string;
  readonly actorId: string | null;
}

/** A challenge with the version that is tried, or was. */
export interface ActiveChallenge {
  readonly challenge: Challenge;
  readonly challenger: ModelVersion;
}

/** Tries versions beside the champion. Like all changes of stages, starts and ends lock the model and are in its ledger. */
@Injectable()
export class Challenges {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly ledger: PromotionLedger,
  ) {}

  /** @throws AppError NOT_FOUND, BAD_INPUT for the share, INVALID_STATE for the version, CONFLICT while one is on. */
  async start({ model: name, version: number, kind, share, reason, actorId }: StartOfChallenge): Promise<Model> {
    checkShare(kind, share);
    return this.dataSource.transaction(async (manager) => {
      const model = await lockModel(manager, { name });
      const version = await versionOf(manager, model, number);
      refuse(model, version, 'tried beside the champion', challengeObstacle(version.stage));
      const champion = await championOf(manager, model);
      if (!champion) throw nothingToChallenge(model, number);
      const active = await activeChallengeOf(manager, model.id);
      if (active) throw underway(model, active);
      await manager.insert(Challenge, {
        id: uuidv7(),
        modelId: model.id,
        championId: champion.id,
        versionId: version.id,
        kind,
        share,
        returnsTo: version.stage === 'RETIRED' ? 'RETIRED' : 'CANDIDATE',
        reason,
        startedBy: actorId,
      });
      await this.ledger.record(manager, { model, version, champion }, { action: 'CHALLENGED', reason, actorId });
      await moveTo(manager, version, 'CHALLENGER');
      return model;
    });
  }

  /** @throws AppError NOT_FOUND, INVALID_STATE if no challenge is on. */
  async end(name: string, end: End): Promise<Model> {
    return this.dataSource.transaction(async (manager) => {
      const model = await lockModel(manager, { name });
      if (await this.endActive(manager, model, end)) return model;
      throw new AppError(
        'INVALID_STATE',
        `No version of model ${name} is being tried. Start a challenge with \`startChallenge\`.`,
      );
    });
  }

  /**
   * Ends the challenge of a locked model, if one is on; its version rests, or waits for approval if it is recommended.
   * @returns whether there was one.
   */
  async endActive(manager: EntityManager, model: Model, { reason, actorId }: End): Promise<boolean> {
    const active = await activeChallengeOf(manager, model.id);
    if (!active) return false;
    const { challenge, challenger } = active;
    await manager.update(Challenge, { id: challenge.id }, { endedAt: () => 'clock_timestamp()' });
    const champion = await championOf(manager, model);
    const subject = { model, version: challenger, champion };
    await this.ledger.record(manager, subject, { action: 'CHALLENGE_ENDED', reason, actorId });
    const isRecommended =
      model.recommendationId !== null &&
      (await manager.existsBy(Promotion, { id: model.recommendationId, versionId: challenger.id }));
    if (!isRecommended) await moveTo(manager, challenger, challenge.returnsTo);
    return true;
  }

  async isTried(manager: EntityManager, { id: versionId, modelId }: ModelVersion): Promise<boolean> {
    return manager.existsBy(Challenge, { modelId, versionId, endedAt: IsNull() });
  }

  /** The newest challenge of a model that was on at some time of a window; null without one. */
  async newestIn(modelId: string, from: Date, to: Date): Promise<Challenge | null> {
    const bounds = { modelId, startedAt: LessThan(to) };
    return this.dataSource.manager.findOne(Challenge, {
      where: [
        { ...bounds, endedAt: IsNull() },
        { ...bounds, endedAt: MoreThan(from) },
      ],
      order: { id: 'DESC' },
    });
  }

  /** Challenges that are on, by model id. */
  async activeOf(modelIds: readonly string[]): Promise<Map<string, ActiveChallenge>> {
    const { manager } = this.dataSource;
    const challenges = await manager.findBy(Challenge, { modelId: In([...modelIds]), endedAt: IsNull() });
    const versions = await manager.findBy(ModelVersion, { id: In(challenges.map(({ versionId }) => versionId)) });
    const byId = new Map(versions.map((version) => [version.id, version]));
    return new Map(
      challenges.flatMap((challenge) => {
        const challenger = byId.get(challenge.versionId);
        return challenger ? [[challenge.modelId, { challenge, challenger }]] : [];
      }),
    );
  }
}

async function activeChallengeOf(manager: EntityManager, modelId: string): Promise<ActiveChallenge | null> {
  const challenge = await manager.findOneBy(Challenge, { modelId, endedAt: IsNull() });
  if (!challenge) return null;
  return { challenge, challenger: await manager.findOneByOrFail(ModelVersion, { id: challenge.versionId }) };
}

function checkShare(kind: ChallengeKind, share: number): void {
  const most = kind === 'CANARY' ? MAX_CANARY_SHARE : 1;
  if (share > 0 && share <= most) return;
  throw new AppError('BAD_INPUT', `The share of a ${kind} must be more than 0 and at most ${most}; got ${share}.`);
}

function nothingToChallenge({ name }: Model, version: number): AppError {
  return new AppError(
    'INVALID_STATE',
    `Model ${name} has no champion that version ${version} could be tried beside. Promote it with \`promoteVersion\`.`,
  );
}

function underway({ name }: Model, { challenge, challenger }: ActiveChallenge): AppError {
  return new AppError(
    'CONFLICT',
    `Version ${challenger.number} of model ${name} is being tried already (${challenge.kind}). End that first with \`endChallenge\`.`,
  );
}
