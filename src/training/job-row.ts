import { Column } from 'typeorm';
import type { WeightChoice } from '../models/model-columns.js';
import type { BackendName } from '../models/training-backend-name.js';
import { bigint } from '../platform/database/bigint.js';
import { LeasedRow } from '../platform/database/leased-row.js';

/** What runs and experiments have in common: work on a dataset version by a job of a backend, which may cost money. */
export abstract class JobRow extends LeasedRow {
  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** A version that a run or an experiment refers to can't be deleted. */
  @Column('uuid', { name: 'dataset_version_id' })
  datasetVersionId!: string;

  @Column('bigint', { transformer: bigint })
  seed!: number;

  /** How much rows count; null if all count alike. */
  @Column('jsonb', { nullable: true })
  weights!: WeightChoice | null;

  /** Of a cross-validation, which scores the trials of an experiment; null where there is none. */
  @Column('integer', { nullable: true })
  folds!: number | null;

  /** Of an experiment: also for the training of what it finds. */
  @Column('text')
  backend!: BackendName;

  /** Name of the job at the backend. */
  @Column('text', { name: 'external_name', nullable: true })
  externalName!: string | null;

  /** The most that the job may cost, in USD; 0 where nobody bills it, null where prices are unknown. */
  @Column('float8', { name: 'maximum_cost', nullable: true })
  maximumCost!: number | null;

  /** Of all its jobs, by the platform's word; null until it says so. */
  @Column('integer', { name: 'billed_seconds', nullable: true })
  billedSeconds!: number | null;

  /** What those seconds cost, in USD. */
  @Column('float8', { nullable: true })
  cost!: number | null;

  /** Share of the job that is done, 0 to 1. */
  @Column('real')
  progress!: number;

  /** The last lines of the job's output. */
  @Column('text', { select: false })
  log!: string;
}
