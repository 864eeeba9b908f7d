import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Model } from '../../models/model.entity.js';
import { TrainingBackends } from '../../training/backend/training-backends.js';
import { defaultAlgorithms } from '../../training/training.service.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import { type CostInputs, RETRAINING_TRIGGERS } from './retrain-rule.types.js';

/** What retrainings cost. */
@Injectable()
export class RetrainingCosts {
  constructor(private readonly backends: TrainingBackends) {}

  /** What the next retraining may cost and the last ones did, beside the policy's limit; null where there is none. */
  async of(manager: EntityManager, model: Model, settings: PolicySettings): Promise<CostInputs | null> {
    const next = this.ofNext(model, settings);
    return next && { ...next, spent: await spentOn(manager, model.id) };
  }

  /** The same before anything was spent. */
  ofNext(model: Pick<Model, 'task' | 'backend' | 'trainingImage'>, settings: PolicySettings): CostInputs | null {
    const { costLimit, algorithms } = settings;
    if (!costLimit) return null;
    const chosen = algorithms ?? defaultAlgorithms(model);
    const most = chosen
      .map((algorithm) => this.backends.of(this.backends.nameFor(model, algorithm)).maximumCost())
      .reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
    return { ...costLimit, most: most ?? null, trainings: chosen.length, spent: 0 };
  }
}

/** What is not billed yet, or never will be known, counts as the most that it may be. */
async function spentOn(manager: EntityManager, modelId: string): Promise<number> {
  const [row] = await manager.query<[{ spent: number }]>(
    `SELECT coalesce(sum(CASE WHEN finished_at IS NULL THEN greatest(cost, maximum_cost)
                              WHEN started_at IS NULL THEN 0 ELSE coalesce(cost, maximum_cost) END), 0) AS spent
     FROM training_run
     WHERE model_id = $1 AND trigger = ANY ($2) AND created_at > clock_timestamp() - interval '30 days'`,
    [modelId, [...RETRAINING_TRIGGERS]],
  );
  return row.spent;
}
