import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { FindOptionsWhere, IsNull, Not, Repository } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import type { Signature } from '../ml/schema/signature.js';
import type { VersionAlgorithm } from './algorithm.js';
import { Challenge } from './challenge.entity.js';
import { Model } from './model.entity.js';
import { ModelVersion } from './model-version.entity.js';
import type { ServingSettings } from './serving-settings.js';
import type { ChallengeKind, Stage } from './stage.js';

/** Versions that serving protocols, which know no pages, list of a model. */
const MOST_LISTED = 100;

/** Which version of a model is meant: at most one of the choices; none means the champion. */
export interface VersionSelector {
  readonly model: string;
  readonly version?: number | null;
  /** The algorithm's lead: its newest version that passed the floors and was not rejected. */
  readonly algorithm?: VersionAlgorithm | null;
  /** The newest version of this stage. */
  readonly stage?: Stage | null;
}

/** All that serving needs to know of a version. */
export interface ServableVersion {
  readonly modelId: string;
  readonly modelName: string;
  readonly versionId: string;
  readonly version: number;
  readonly algorithm: VersionAlgorithm;
  readonly stage: Stage;
  readonly artifactKey: string;
  readonly artifactSha256: string;
  readonly signature: Signature;
  readonly serving: ServingSettings;
}

/** A version that is tried beside the champion. */
export interface ServableChallenge {
  readonly kind: ChallengeKind;
  readonly share: number;
  readonly challenger: ServableVersion;
}

/** Who serves a selector. */
export interface Route {
  readonly version: ServableVersion;
  /** Null as well for whoever chose a version: only the traffic of the champion is shared with a challenger. */
  readonly challenge: ServableChallenge | null;
}

/** Finds models by name and versions by what callers say about them. */
@Injectable()
export class ModelRegistry {
  constructor(
    @InjectRepository(Model) private readonly models: Repository<Model>,
    @InjectRepository(ModelVersion) private readonly versions: Repository<ModelVersion>,
    @InjectRepository(Challenge) private readonly challenges: Repository<Challenge>,
  ) {}

  /** @throws AppError NOT_FOUND that says how to list the names. */
  async modelByName(name: string): Promise<Model> {
    const model = await this.models.findOneBy({ name });
    if (model) return model;
    throw new AppError('NOT_FOUND', `There is no model ${name}. The query \`models\` lists them.`);
  }

  /** @throws AppError NOT_FOUND */
  async modelById(id: string): Promise<Model> {
    const model = await this.models.findOneBy({ id });
    if (model) return model;
    throw new AppError('NOT_FOUND', `There is no model with the id ${id}. The query \`models\` lists them.`);
  }

  /** @throws AppError NOT_FOUND that says which numbers there are. */
  async versionByNumber(model: Model, number: number): Promise<ModelVersion> {
    const version = await this.versions.findOneBy({ modelId: model.id, number });
    if (version) return version;
    throw new AppError('NOT_FOUND', `Model ${model.name} has no version ${number}${rangeOf(model)}.`);
  }

  /** Numbers of the newest versions that can be served, in ascending order. */
  async servableNumbers(modelId: string): Promise<number[]> {
    const versions = await this.versions.find({
      select: { id: true, number: true },
      where: { modelId, stage: Not('REJECTED') },
      order: { number: 'DESC' },
      take: MOST_LISTED,
    });
    return versions.map(({ number }) => number).reverse();
  }

  /** Means that explanations of a linear version start from; undefined for other versions. */
  async columnMeansOf(versionId: string): Promise<readonly number[] | undefined> {
    const [row] = await this.versions.query<{ means: number[] | null }[]>(
      `SELECT manifest -> 'columnMeans' AS means FROM model_version WHERE id = $1`,
      [versionId],
    );
    return row?.means ?? undefined;
  }

  /** @throws AppError NOT_FOUND or INVALID_STATE that says what exists, BAD_INPUT for several choices at once. */
  async resolve(selector: VersionSelector): Promise<ServableVersion> {
    return (await this.route(selector)).version;
  }

  /** @throws AppError as {@link resolve} does. */
  async route(selector: VersionSelector): Promise<Route> {
    const choices = [selector.version, selector.algorithm, selector.stage].filter(
      (choice) => (choice ?? null) !== null,
    );
    if (choices.length > 1) {
      throw new AppError('BAD_INPUT', 'Choose by version, algorithm or stage, not by several of them.');
    }
    const model = await this.modelByName(selector.model);
    const version = await this.select(model, selector);
    const challenge = choices.length === 0 ? await this.challengeOf(model, version) : null;
    return { version: servable(model, version), challenge };
  }

  /** The challenge of this very champion; one that it did not begin with ended a moment ago. */
  private async challengeOf(model: Model, champion: ModelVersion): Promise<ServableChallenge | null> {
    const challenge = await this.challenges.findOneBy({
      modelId: model.id,
      championId: champion.id,
      endedAt: IsNull(),
    });
    const challenger = challenge && (await this.versions.findOneBy({ id: challenge.versionId, stage: 'CHALLENGER' }));
    if (!challenger) return null;
    return { kind: challenge.kind, share: challenge.share, challenger: servable(model, challenger) };
  }

  private async select(model: Model, { version, algorithm, stage }: VersionSelector): Promise<ModelVersion> {
    if (typeof version === 'number') return served(model, await this.versionByNumber(model, version));
    const condition: FindOptionsWhere<ModelVersion> = algorithm
      ? { algorithm, passedFloors: true, stage: Not('REJECTED') }
      : { stage: stage ?? 'CHAMPION' };
    const found = await this.versions.findOne({
      where: { ...condition, modelId: model.id },
      order: { number: 'DESC' },
    });
    if (found) return served(model, found);
    const wanted = algorithm ? `version of ${algorithm} that passed the floors` : (stage ?? 'CHAMPION').toLowerCase();
    throw new AppError(
      'INVALID_STATE',
      `Model ${model.name} has no ${wanted} yet: train one, or pick a version${rangeOf(model)}.`,
    );
  }
}

function served(model: Model, version: ModelVersion): ModelVersion {
  if (version.stage !== 'REJECTED') return version;
  throw new AppError(
    'INVALID_STATE',
    `Version ${version.number} of model ${model.name} was rejected and is not served. Pick another version.`,
  );
}

function servable(model: Model, version: ModelVersion): ServableVersion {
  return {
    modelId: model.id,
    modelName: model.name,
    versionId: version.id,
    version: version.number,
    algorithm: version.algorithm,
    stage: version.stage,
    artifactKey: version.artifactKey,
    artifactSha256: version.artifactSha256,
    signature: version.signature,
    serving: {
      predictionTimeoutSeconds: model.predictionTimeoutSeconds,
      predictionLogMode: model.predictionLogMode,
    },
  };
}

function rangeOf(model: Model): string {
  if (model.lastVersion === 0) return ' (it has none so far)';
  return model.lastVersion === 1 ? ' (it has only version 1)' : ` (it has 1 to ${model.lastVersion})`;
}
