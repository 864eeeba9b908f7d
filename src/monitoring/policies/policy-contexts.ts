import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { Signature, Task } from '../../ml/schema/signature.js';
import { type Evaluations, REFERENCE_FILE } from '../../models/artifact/manifest.js';
import type { PolicyContext } from './policy-context.js';

interface ContextRow {
  readonly id: string;
  readonly task: Task;
  readonly target: string;
  readonly features: string[];
  readonly can_extract: boolean;
  readonly number: number | null;
  readonly signature: Signature;
  readonly metrics: Evaluations;
  readonly reference_rows: number;
  readonly has_sample: boolean;
  readonly week: string;
}

/** What policies are held against. */
@Injectable()
export class PolicyContexts {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** By model id; deleted models are absent. */
  async of(manager: EntityManager, modelIds: readonly string[]): Promise<Map<string, PolicyContext>> {
    const rows = await manager.query<ContextRow[]>(
      `SELECT model.id, model.task, model.target, model.features, version.number, version.signature, version.metrics,
         (version.manifest -> 'reference' ->> 'rows')::float8 AS reference_rows,
         version.manifest -> 'files' ? $2 AS has_sample,
         coalesce((SELECT kind <> 'UPLOAD' FROM data_source WHERE dataset_id = model.dataset_id ORDER BY id DESC LIMIT 1),
           false) AS can_extract,
         coalesce((SELECT sum(rows) FROM window_counts
           WHERE version_id = version.id AND window_start > now() - interval '7 days'), 0) AS week
       FROM model LEFT JOIN LATERAL (
         SELECT * FROM model_version WHERE model_id = model.id ORDER BY (stage = 'CHAMPION') DESC, number DESC LIMIT 1
       ) AS version ON true
       WHERE model.id = ANY ($1)`,
      [modelIds, REFERENCE_FILE],
    );
    return new Map(rows.map((row) => [row.id, this.contextOf(row)]));
  }

  private contextOf(row: ContextRow): PolicyContext {
    const { task, target, features, can_extract: canExtract, number, signature, metrics } = row;
    const version =
      number === null
        ? null
        : { number, signature, metrics, reference: { rows: row.reference_rows }, hasSample: row.has_sample };
    const retentionDays = this.config.PREDICTION_RETENTION_DAYS;
    return { task, target, features, canExtract, version, retentionDays, weekOfPredictions: Number(row.week) };
  }
}
