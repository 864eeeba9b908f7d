import type { Domain, SearchSpace } from '../../ml/train/search/space.js';
import type { Algorithm } from '../../models/algorithm.js';
import { directionOf, GATE_METRICS } from '../../models/gate-metrics.js';
import { jobFieldsOf } from '../job-fields.js';
import type { Experiment } from './experiment.entity.js';
import type { ExperimentType, SearchDomain, TrialType } from './experiments.types.js';
import type { Trial } from './trial.entity.js';

export function toExperimentType(experiment: Experiment): ExperimentType {
  const { groupId, algorithms, space, trials, minutes, metric, state } = experiment;
  return {
    ...jobFieldsOf(experiment),
    ...{ groupId, algorithms, metric, state },
    space: toDomains(space),
    budget: { trials, minutes },
    higherIsBetter: directionOf(GATE_METRICS[metric].task, metric) === 'HIGHER_IS_BETTER',
  };
}

function toDomains(space: SearchSpace): SearchDomain[] {
  return Object.entries(space).flatMap(([algorithm, domains]) =>
    domains.map((domain) => toDomain(algorithm as Algorithm, domain)),
  );
}

function toDomain(algorithm: Algorithm, domain: Domain): SearchDomain {
  const { hyperparameter } = domain;
  if ('values' in domain) {
    return { algorithm, hyperparameter, values: [...domain.values], min: null, max: null, scale: null };
  }
  const { min, max, scale } = domain;
  return { algorithm, hyperparameter, values: null, min, max, scale };
}

export function toTrialType(trial: Trial): TrialType {
  const { number, algorithm, hyperparameters, state, results, seconds, failure } = trial;
  const last = results.at(-1);
  return {
    number,
    algorithm,
    hyperparameters,
    state,
    rung: last?.rung ?? null,
    rows: last?.rows ?? null,
    score: last?.score ?? null,
    results: results.map(({ scores, ...result }) => ({ ...result, metrics: scores })),
    seconds,
    failure,
  };
}
