import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import type { RetrainingState } from './retrain-rule.types.js';
import type { PastRetraining } from './decision-inputs.js';

export interface WindowsBefore {
  readonly versionId: string;
  /** The window that is decided about; its report may be there already or not. */
  readonly from: Date;
  readonly to: Date;
  readonly verdict: Verdict;
  /** Windows that began before the version served by itself do not count. */
  readonly servesSince: Date;
  /** How many to look for, at most. */
  readonly count: number;
}

/** More than any daily limit allows and than any back-off needs. */
const PAST_RETRAININGS = 200;

/** What the database holds of earlier windows and retrainings. */
@Injectable()
export class DecisionFacts {
  /**
   * Verdicts of the newest windows before one, oldest first. They overlap neither it nor each other, and those with too
   * few rows are passed over: so is this one, if it had too few, and windows that overlap it then count.
   */
  async verdictsBefore(manager: EntityManager, windows: WindowsBefore): Promise<Verdict[]> {
    const { versionId, from, to, verdict, servesSince, count } = windows;
    const end = verdict === 'TOO_FEW_ROWS' ? to : from;
    const rows = await manager.query<{ verdict: Verdict }[]>(
      `WITH RECURSIVE earlier AS (
         SELECT $2::timestamptz AS window_from, NULL::text AS verdict, 0 AS step
         UNION ALL
         SELECT report.window_from, report.verdict, earlier.step + 1
         FROM earlier CROSS JOIN LATERAL (
           SELECT window_from, verdict FROM drift_report
           WHERE version_id = $1 AND verdict <> 'TOO_FEW_ROWS' AND window_to <= earlier.window_from AND window_from >= $3
           ORDER BY window_to DESC LIMIT 1) report
         WHERE earlier.step < $4)
       SELECT verdict FROM earlier WHERE step > 0 ORDER BY step DESC`,
      [versionId, end, servesSince, count],
    );
    return rows.map((row) => row.verdict);
  }

  /** Retrainings of a model that the brakes of a policy may have to do with. */
  async pastRetrainings(manager: EntityManager, modelId: string, policyId: string): Promise<PastRetraining[]> {
    // The newest counts whatever it came to; of the others those without new data do not, however many they are.
    const rows = await manager.query<{ created_at: Date; state: RetrainingState; policy_id: string }[]>(
      `(SELECT id, created_at, state, policy_id FROM retraining WHERE model_id = $1 AND policy_id = $2
        ORDER BY created_at DESC LIMIT 1)
       UNION
       (SELECT id, created_at, state, policy_id FROM retraining WHERE model_id = $1 AND state <> 'NO_NEW_DATA'
        ORDER BY created_at DESC LIMIT ${PAST_RETRAININGS})`,
      [modelId, policyId],
    );
    return rows.map(({ created_at, state, policy_id }) => {
      return { beganAt: created_at, state, ofPolicy: policy_id === policyId };
    });
  }
}
