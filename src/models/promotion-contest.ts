import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { AppError } from '../errors/app-error.js';
import { toPublicError } from '../errors/public-error.js';
import { ModelArtifacts } from './artifact/model-artifacts.js';
import { compareInProcess } from './evaluation/compare-in-process.js';
import type { Compared } from './evaluation/compare-models.js';
import type { ComparisonAnswer } from './evaluation/comparison-process.js';
import { Model } from './model.entity.js';
import { ModelRegistry } from './model-registry.js';
import { ModelVersion } from './model-version.entity.js';
import { bestOf, type Contestant, type GateEvidence, judge, type Verdict } from './promotion-gate.js';
import { type GateDecision, Promotions } from './promotions.js';

/** Versions that were trained together on one dataset version, of which the best may become champion. */
export interface Contest {
  readonly id: string;
  readonly modelId: string;
  readonly datasetVersionId: string;
  readonly versionIds: readonly string[];
}

type Entrant = Contestant & { readonly version: ModelVersion };

/** How often a decision is made anew because somebody changed the champion meanwhile. */
const MAX_ROUNDS = 3;

/** The promotion gate at work: gathers the evidence, lets the rule judge, and has the verdict carried out. */
@Injectable()
export class PromotionContest {
  constructor(
    @InjectRepository(ModelVersion) private readonly versions: Repository<ModelVersion>,
    private readonly registry: ModelRegistry,
    private readonly artifacts: ModelArtifacts,
    private readonly promotions: Promotions,
    private readonly datasets: DatasetsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Decides a contest, once: asked again, it finds its decision in the ledger. */
  async decide(contest: Contest, signal: AbortSignal): Promise<void> {
    const model = await this.registry.modelById(contest.modelId);
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const champion = await this.versions.findOneBy({ modelId: model.id, stage: 'CHAMPION' });
      const decision = await this.decisionOf(contest, model, champion, signal);
      if (await this.promotions.decide(model.name, champion?.id ?? null, decision)) return;
    }
    throw new AppError('CONFLICT', `The champion of model ${model.name} changes too fast for the gate to decide.`);
  }

  /** Notes in the ledger that the gate will not decide a contest, after its last attempt failed. */
  async giveUp({ id: contestId, modelId, versionIds }: Contest, cause: unknown): Promise<void> {
    const model = await this.registry.modelById(modelId);
    const version = await this.versions.findOne({ where: { id: In([...versionIds]) }, order: { number: 'DESC' } });
    if (!version) return; // Nothing was trained that could be declined.
    // The ledger is open to all, so it tells no more of an error than a caller would hear.
    const problem = toPublicError(cause).message;
    const reason = `The gate could not decide: ${problem} Compare the versions yourself, and use \`promoteVersion\`.`;
    await this.promotions.giveUp(model.name, { contestId, versionId: version.id, reason });
  }

  private async decisionOf(
    contest: Contest,
    model: Model,
    champion: ModelVersion | null,
    signal: AbortSignal,
  ): Promise<GateDecision> {
    const entrants = await this.entrantsOf(contest);
    const { primaryMetric, margin } = model.gate;
    const best = bestOf(model.task, primaryMetric, entrants);
    const evidence: GateEvidence = {
      metric: primaryMetric,
      margin,
      datasetVersionId: contest.datasetVersionId,
      validation: entrants.map(({ number, algorithm, validation, passedFloors }) => ({
        number,
        algorithm,
        value: validation.scores[primaryMetric] ?? null,
        passedFloors,
      })),
      champion: champion?.number ?? null,
      comparison: null,
    };
    const shared = { contestId: contest.id, evidence };
    if (!best) {
      const reason = 'No version of this training passed the floors.';
      return { ...shared, promote: false, versionId: entrants[0]!.id, reason };
    }
    if (best.id === champion?.id) {
      return { ...shared, promote: false, versionId: best.id, reason: 'It is the champion already.' };
    }
    const answer = champion ? await this.compare(contest, model, champion, best.version, signal) : null;
    const verdict = verdictOf(model, answer);
    const comparison = answer && 'comparison' in answer ? answer.comparison : null;
    return {
      contestId: contest.id,
      promote: verdict.promote,
      versionId: best.id,
      reason: verdict.reason,
      evidence: { ...evidence, comparison },
    };
  }

  private async entrantsOf({ versionIds }: Contest): Promise<Entrant[]> {
    const versions = await this.versions.find({ where: { id: In([...versionIds]) }, order: { number: 'ASC' } });
    return versions.map((version) => ({
      id: version.id,
      number: version.number,
      algorithm: version.algorithm,
      validation: version.metrics.validation,
      passedFloors: version.passedFloors,
      version,
    }));
  }

  private async compare(
    contest: Contest,
    model: Model,
    champion: ModelVersion,
    challenger: ModelVersion,
    signal: AbortSignal,
  ): Promise<ComparisonAnswer> {
    // The name is the same for every attempt, so what a killed one left behind is found and removed.
    const folder = join(tmpdir(), `boucle-comparison-${contest.id}`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    try {
      const data = join(folder, 'data.parquet');
      const version = await this.datasets.versionById(contest.datasetVersionId);
      await this.datasets.download(version, data, signal);
      const order = {
        folder,
        data,
        memoryLimit: this.config.DUCKDB_MEMORY_LIMIT,
        columns: { task: model.task, target: model.target, features: model.features, split: model.split },
        metric: model.gate.primaryMetric,
        champion: await this.comparedOf(champion, signal),
        challenger: await this.comparedOf(challenger, signal),
      };
      return await compareInProcess(order, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async comparedOf(version: ModelVersion, signal: AbortSignal): Promise<Compared> {
    const { onnx } = await this.artifacts.load(version.artifactKey, version.artifactSha256, signal);
    const { manifest } = await this.versions.findOneOrFail({
      where: { id: version.id },
      select: { id: true, manifest: true },
    });
    return { onnx, classes: version.signature.classes, split: manifest.split };
  }
}

function verdictOf(model: Model, answer: ComparisonAnswer | null): Verdict {
  if (!answer) return judge(model.gate, null);
  if ('comparison' in answer) return judge(model.gate, answer.comparison);
  return {
    promote: false,
    reason: `It could not be compared with the champion: ${answer.problem} Compare them yourself, and use \`promoteVersion\`.`,
  };
}
