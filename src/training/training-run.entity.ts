import { Column, Entity } from 'typeorm';
import { bigint } from '../platform/database/bigint.js';
import { LeasedRow } from '../platform/database/leased-row.js';
import type { VersionAlgorithm } from '../models/algorithm.js';
import type { Evaluations } from '../models/artifact/manifest.js';
import type { BackendName } from '../models/training-backend-name.js';
import type { WeightChoice } from '../models/model-columns.js';
import type { RunState } from './run-state.js';

/** Why a run was started: by a person, at the end of an experiment, or by a retraining for one of its reasons. */
export const TRIGGERS = ['MANUAL', 'EXPERIMENT', 'DRIFT', 'QUALITY', 'AGE'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** One attempt to find a model: one algorithm on one dataset version. Runs started together form a group. */
@Entity('training_run')
export class TrainingRun extends LeasedRow {
  @Column('uuid', { name: 'group_id' })
  groupId!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** A version that a run refers to can't be deleted. */
  @Column('uuid', { name: 'dataset_version_id' })
  datasetVersionId!: string;

  @Column('text')
  trigger!: Trigger;

  /** FOREIGN: a training script in `image`. */
  @Column('text')
  algorithm!: VersionAlgorithm;

  /** The model's own when it was started; null for our algorithms. */
  @Column('text', { nullable: true })
  image!: string | null;

  /** As given; the version's manifest has them with defaults filled in. */
  @Column('jsonb')
  hyperparameters!: Record<string, number>;

  @Column('bigint', { transformer: bigint })
  seed!: number;

  /** How much rows count; null if all count alike. */
  @Column('jsonb', { nullable: true })
  weights!: WeightChoice | null;

  /** Of a cross-validation. */
  @Column('integer', { nullable: true })
  folds!: number | null;

  @Column('text')
  backend!: BackendName;

  /** Name of the job at the backend. */
  @Column('text', { name: 'external_name', nullable: true })
  externalName!: string | null;

  /** The most that it may cost, in USD; 0 where nobody bills it, null where prices are unknown. */
  @Column('float8', { name: 'maximum_cost', nullable: true })
  maximumCost!: number | null;

  /** Of all its jobs, by the platform's word; null until it says so. */
  @Column('integer', { name: 'billed_seconds', nullable: true })
  billedSeconds!: number | null;

  /** What those seconds cost, in USD. */
  @Column('float8', { nullable: true })
  cost!: number | null;

  @Column('text')
  state!: RunState;

  /** Share that is done, 0 to 1. */
  @Column('real')
  progress!: number;

  /** The last lines of the training's output. */
  @Column('text', { select: false })
  log!: string;

  @Column('jsonb', { nullable: true })
  metrics!: Evaluations | null;

  @Column('uuid', { name: 'version_id', nullable: true })
  versionId!: string | null;
}
