import { Column, Entity } from 'typeorm';
import { JobRow } from './job-row.js';
import type { VersionAlgorithm } from '../models/algorithm.js';
import type { Evaluations } from '../models/artifact/manifest.js';
import type { RunState } from './run-state.js';

/** Why a run was started: by a person, at the end of an experiment, or by a retraining for one of its reasons. */
export const TRIGGERS = ['MANUAL', 'EXPERIMENT', 'DRIFT', 'QUALITY', 'AGE'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** One attempt to find a model: one algorithm on one dataset version. Runs started together form a group. */
@Entity('training_run')
export class TrainingRun extends JobRow {
  @Column('uuid', { name: 'group_id' })
  groupId!: string;

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

  @Column('text')
  state!: RunState;

  @Column('jsonb', { nullable: true })
  metrics!: Evaluations | null;

  @Column('uuid', { name: 'version_id', nullable: true })
  versionId!: string | null;
}
