import type { Task } from '../ml/schema/signature.js';
import { METRICS_OF_TASK } from '../ml/metrics/evaluate.js';
import type { Manifest } from './artifact/manifest.js';
import type { ActiveChallenge } from './challenges.js';
import type { ChallengeType } from './challenges.types.js';
import { directionOf, isBetter } from './gate-metrics.js';
import type { Model } from './model.entity.js';
import type { ModelVersion } from './model-version.entity.js';
import type { Promotion } from './promotion.entity.js';
import type { ComparedMetric, ModelType, ModelVersionType, PromotionType, VersionComparison } from './models.types.js';
import type { Metric, TrainingWarning } from './version-quality.types.js';

export function toModelType(model: Model): ModelType {
  const { id, name, task, datasetId, target, features, split, gate, promotionMode, createdAt } = model;
  const { backend, trainingImage, predictionTimeoutSeconds, predictionLogMode } = model;
  const { primaryMetric, margin, floors } = gate;
  return {
    id,
    name,
    task,
    datasetId,
    target,
    features,
    split: split.method,
    timeColumn: split.method === 'TIME' ? split.column : null,
    primaryMetric,
    margin,
    floors: [...floors],
    promotionMode,
    backend,
    trainingImage,
    predictionTimeoutSeconds,
    predictionLogMode,
    createdAt,
  };
}

export function toChallengeType({ challenge, challenger }: ActiveChallenge): ChallengeType {
  const { id, kind, share, startedAt, reason, startedBy } = challenge;
  return { id, kind, share, version: challenger.number, since: startedAt, reason, startedBy };
}

export function toVersionType(version: ModelVersion): ModelVersionType {
  const { id, modelId, number, algorithm, stage, passedFloors, signature, runId, createdAt } = version;
  const { artifactSha256, artifactBytes, registrationId } = version;
  return {
    id,
    modelId,
    version: number,
    algorithm,
    stage,
    passedFloors,
    signature,
    runId,
    registrationId,
    artifactSha256,
    artifactBytes,
    createdAt,
  };
}

export function toPromotionType(entry: Promotion): PromotionType {
  const { id, modelName, versionNumber, versionId, previousNumber, action, actorId, reason, evidence, createdAt } =
    entry;
  return {
    id,
    model: modelName,
    version: versionNumber,
    versionId,
    previousChampion: previousNumber,
    action,
    actorId,
    reason,
    evidence,
    createdAt,
  };
}

/** The metrics of a version in the order of the registry, splits side by side. */
export function toMetrics({
  signature,
  metrics,
  baseline,
  intervals,
  crossValidation,
  weightedMetrics,
}: Manifest): Metric[] {
  return metricNames(signature.task).map((name) => ({
    name,
    higherIsBetter: directionOf(signature.task, name) === 'HIGHER_IS_BETTER',
    train: metrics.train.scores[name] ?? null,
    validation: metrics.validation.scores[name] ?? null,
    holdout: metrics.holdout.scores[name] ?? null,
    low: intervals?.metrics[name]?.low ?? null,
    high: intervals?.metrics[name]?.high ?? null,
    baseline: baseline.holdout.scores[name] ?? null,
    weightedHoldout: weightedMetrics?.holdout[name] ?? null,
    folds: crossValidation?.folds.map(({ scores }) => scores[name] ?? null) ?? null,
    foldMean: crossValidation?.metrics[name]?.mean ?? null,
    foldDeviation: crossValidation?.metrics[name]?.deviation ?? null,
  }));
}

export function toWarnings({ warnings }: Manifest): TrainingWarning[] {
  return warnings.map(({ code, feature, message }) => ({ code, feature: feature ?? null, message }));
}

/** @param datasetVersions the dataset version that each version was trained on. */
export function toComparison(versions: readonly ModelVersion[], datasetVersions: readonly string[]): VersionComparison {
  const task = versions[0]?.signature.task ?? 'REGRESSION';
  return {
    versions: versions.map(toVersionType),
    metrics: metricNames(task).map((name) => compareMetric(task, name, versions)),
    comparable: new Set(datasetVersions).size === 1,
  };
}

function compareMetric(task: Task, name: string, versions: readonly ModelVersion[]): ComparedMetric {
  const direction = directionOf(task, name) ?? 'LOWER_IS_BETTER';
  const values = versions.map(({ metrics }) => metrics.holdout.scores[name] ?? null);
  let best = -1;
  values.forEach((value, index) => {
    const other = values[best] ?? null;
    if (value !== null && (other === null || isBetter(direction, value, other))) best = index;
  });
  return { name, higherIsBetter: direction === 'HIGHER_IS_BETTER', values, best: versions[best]?.number ?? null };
}

function metricNames(task: Task): string[] {
  return Object.keys(METRICS_OF_TASK[task]);
}
