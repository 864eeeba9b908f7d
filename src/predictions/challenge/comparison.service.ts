import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { metricBands, type MetricBands } from '../../ml/metrics/bands.js';
import type { Truth } from '../../ml/metrics/evaluate.js';
import { type DifferenceInterval, pairedBootstrap } from '../../ml/statistics/bootstrap.js';
import type { Challenge } from '../../models/challenge.entity.js';
import { Challenges } from '../../models/challenges.js';
import { GATE_METRICS, type GateMetric, gateMetricsOf } from '../../models/gate-metrics.js';
import type { Model } from '../../models/model.entity.js';
import { ModelRegistry } from '../../models/model-registry.js';
import type { ModelVersion } from '../../models/model-version.entity.js';
import { ModelsService } from '../../models/models.service.js';
import { LabelledPredictions } from '../outcomes/labelled-predictions.js';
import { classesOf, scoresOf, truthOf } from './answer-scores.js';
import { ShadowPairs } from './shadow-pairs.js';

export const CONFIDENCE = 0.95;
/** Any fixed number: the same rows always give the same comparison. */
const SEED = 20_150_101;
/** Rows drawn at most, of each side. */
const SAMPLE_ROWS = 10_000;
const MAX_DAYS = 92;
const DAY_MS = 86_400_000;

export interface ComparedSide {
  readonly version: ModelVersion;
  readonly predictions: number;
  readonly withOutcome: number;
  /** Rows drawn, on which the metrics are. */
  readonly rows: number;
  readonly metrics: MetricBands;
}

/** The gain of the challenger: positive where it is better. */
export interface Difference extends DifferenceInterval {
  readonly metric: GateMetric;
}

export interface ChallengeComparison {
  readonly model: Model;
  readonly challenge: Challenge;
  readonly from: Date;
  readonly to: Date;
  readonly champion: ComparedSide;
  readonly challenger: ComparedSide;
  readonly differences: readonly Difference[];
  readonly agreement: number | null;
}

interface Contest {
  readonly champion: ModelVersion;
  readonly challenger: ModelVersion;
  readonly from: Date;
  readonly to: Date;
}

type Sides = Pick<ChallengeComparison, 'champion' | 'challenger' | 'differences' | 'agreement'>;

/** Compares a challenger with the champion on what both were asked. */
@Injectable()
export class ComparisonService {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly models: ModelsService,
    private readonly challenges: Challenges,
    private readonly pairs: ShadowPairs,
    private readonly labelled: LabelledPredictions,
  ) {}

  /**
   * Compares during the newest challenge that was on in the window, and no longer than it was on.
   * @throws AppError NOT_FOUND for an unknown model or without a challenge, BAD_INPUT for a window that makes no sense.
   */
  async compare(name: string, from: Date, to: Date): Promise<ChallengeComparison> {
    checkWindow(from, to);
    const model = await this.registry.modelByName(name);
    const challenge = await this.challenges.newestIn(model.id, from, to);
    const versions = await this.models.versionsByIds(challenge ? [challenge.championId, challenge.versionId] : []);
    const champion = challenge && versions.get(challenge.championId);
    const challenger = challenge && versions.get(challenge.versionId);
    if (!champion || !challenger) throw noChallenge(name);
    const began = new Date(Math.max(from.getTime(), challenge.startedAt.getTime()));
    const ended = new Date(Math.min(to.getTime(), challenge.endedAt?.getTime() ?? Infinity));
    const contest = { champion, challenger, from: began, to: ended };
    const sides = challenge.kind === 'SHADOW' ? await this.compareShadow(contest) : await this.compareCanary(contest);
    return { model, challenge, from: began, to: ended, ...sides };
  }

  /** Both sides on the same rows, so that their differences can be told from chance row by row. */
  private async compareShadow({ champion, challenger, from, to }: Contest): Promise<Sides> {
    const window = { championId: champion.id, challengerId: challenger.id, from, to };
    const draw = { seed: SEED, rows: SAMPLE_ROWS };
    const { pairs: predictions, withOutcome } = await this.pairs.sizes(window);
    const agreement = await this.pairs.agreement(window, draw);
    const sample = await this.pairs.sample(window, draw);
    const rows = sample.length;
    const classes = classesOf(champion.signature, challenger.signature);
    const outcomes = sample.map(({ outcome }) => outcome);
    const truth = truthOf(outcomes, classes);
    const champions = scoresOf(
      sample.map((pair) => pair.champion),
      classes,
    );
    const challengers = scoresOf(
      sample.map((pair) => pair.challenger),
      classes,
    );
    const size = { predictions, withOutcome, rows };
    return {
      champion: { version: champion, ...size, metrics: await bandsOf(truth, champions, rows) },
      challenger: { version: challenger, ...size, metrics: await bandsOf(truth, challengers, rows) },
      differences: rows === 0 ? [] : await differencesOf(truth, champions, challengers),
      agreement,
    };
  }

  /** Two groups that share no row: chance made them, and each has bands of its own. */
  private async compareCanary({ champion, challenger, from, to }: Contest): Promise<Sides> {
    const classes = classesOf(champion.signature, challenger.signature);
    const sideOf = async (version: ModelVersion): Promise<ComparedSide> => {
      const window = { versionId: version.id, from, to };
      const { predictions, labelled: withOutcome } = await this.labelled.size(window);
      const sample = await this.labelled.sample(window, { seed: SEED, rows: SAMPLE_ROWS });
      const rows = sample.length;
      const truth = truthOf(
        sample.map(({ outcome }) => outcome),
        classes,
      );
      const scores = scoresOf(
        sample.map(({ output }) => output),
        classes,
      );
      return { version, predictions, withOutcome, rows, metrics: await bandsOf(truth, scores, rows) };
    };
    const sides = { champion: await sideOf(champion), challenger: await sideOf(challenger) };
    return { ...sides, differences: [], agreement: null };
  }
}

async function bandsOf(truth: Truth, scores: Float32Array, rows: number): Promise<MetricBands> {
  return rows === 0 ? {} : metricBands(truth, scores, { seed: SEED, confidence: CONFIDENCE });
}

async function differencesOf(
  truth: Truth,
  champions: Float32Array,
  challengers: Float32Array,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const metric of gateMetricsOf(truth.task)) {
    const { losses, statistic } = GATE_METRICS[metric];
    const options = { seed: SEED, statistic, confidence: CONFIDENCE };
    const interval = await pairedBootstrap(losses(truth, champions), losses(truth, challengers), options);
    differences.push({ metric, ...interval });
  }
  return differences;
}

function checkWindow(from: Date, to: Date): void {
  if (from >= to) throw new AppError('BAD_INPUT', 'from must lie before to.');
  if (to.getTime() - from.getTime() <= MAX_DAYS * DAY_MS) return;
  throw new AppError('BAD_INPUT', `A window has at most ${MAX_DAYS} days. Ask for a shorter one.`);
}

function noChallenge(name: string): AppError {
  return new AppError(
    'NOT_FOUND',
    `No version of model ${name} was tried beside its champion in this window. Begin with \`startChallenge\`.`,
  );
}
