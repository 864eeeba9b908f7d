import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Model } from '../../models/model.entity.js';
import type { ModelVersion } from '../../models/model-version.entity.js';
import { databaseTime } from '../../platform/database/database-time.js';
import type { MonitoringPolicy } from '../policies/monitoring-policy.entity.js';
import type { DriftReport } from '../reports/drift-report.entity.js';
import { Retrainings } from '../retrainings/retrainings.js';
import { DecisionFacts } from './decision-facts.js';
import { decisionInputs } from './decision-inputs.js';
import { decide } from './retrain-rule.js';
import type { DecisionVerdict } from './retrain-rule.types.js';
import { RetrainingCosts } from './retraining-costs.js';
import { RetrainingDecision } from './retraining-decision.entity.js';

/** A check that was made: its report is there, in the same transaction. */
export interface FinishedCheck {
  readonly policy: Pick<MonitoringPolicy, 'id' | 'settings'>;
  readonly model: Model;
  /** The champion, and since when it has been that. */
  readonly version: Pick<ModelVersion, 'id' | 'createdAt'>;
  readonly servesSince: Date;
  readonly report: Pick<DriftReport, 'id' | 'windowFrom' | 'windowTo' | 'verdict' | 'document'>;
}

/** Decides after checks whether a model is to be trained anew, and keeps every decision. */
@Injectable()
export class Decisions {
  constructor(
    private readonly facts: DecisionFacts,
    private readonly costs: RetrainingCosts,
    private readonly retrainings: Retrainings,
  ) {}

  /**
   * Decides in the transaction of `manager`, which also begins the retraining if that is the verdict. The caller holds
   * the policy's row, so that two decisions about a model are not made at once.
   */
  async take(manager: EntityManager, check: FinishedCheck): Promise<RetrainingDecision> {
    const { policy, model, report } = check;
    const inputs = decisionInputs({
      at: await databaseTime(manager),
      settings: policy.settings,
      report: report.document,
      verdictsBefore: await this.verdictsBefore(manager, check),
      trainedAt: check.version.createdAt,
      past: await this.facts.pastRetrainings(manager, model.id, policy.id),
      cost: await this.costs.of(manager, model, policy.settings),
    });
    const { verdict, trigger, reason, steps } = decide(inputs);
    const id = uuidv7();
    await manager.insert(RetrainingDecision, {
      id,
      modelId: model.id,
      reportId: report.id,
      verdict,
      trigger,
      reason,
      inputs,
      steps: [...steps],
    });
    await countDecision(manager, model.id, verdict);
    const decision = await manager.findOneByOrFail(RetrainingDecision, { id });
    if (verdict === 'RETRAIN') await this.retrainings.begin(manager, { policy, model, decision });
    return decision;
  }

  private async verdictsBefore(manager: EntityManager, { policy, version, servesSince, report }: FinishedCheck) {
    const { persistence } = policy.settings;
    if (!persistence) return [];
    const { windowFrom: from, windowTo: to, verdict } = report;
    const count = verdict === 'TOO_FEW_ROWS' ? persistence.n : persistence.n - 1;
    return this.facts.verdictsBefore(manager, { versionId: version.id, from, to, verdict, servesSince, count });
  }
}

async function countDecision(manager: EntityManager, modelId: string, verdict: DecisionVerdict): Promise<void> {
  await manager.query(
    `INSERT INTO retraining_decision_count (model_id, verdict, decisions) VALUES ($1, $2, 1)
     ON CONFLICT (model_id, verdict) DO UPDATE SET decisions = retraining_decision_count.decisions + 1`,
    [modelId, verdict],
  );
}
