import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { RetrainingData } from '../policies/policy-settings.js';
import type { Algorithm } from '../../models/algorithm.js';
import type { RetrainingState, RetrainingTrigger } from '../decisions/retrain-rule.types.js';

/** A retraining that a decision began: at most one a model goes on at a time. */
@Entity('retraining')
export class Retraining {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** The policy that decided; one that replaces it begins without a past. */
  @Column('uuid', { name: 'policy_id' })
  policyId!: string;

  @Column('uuid', { name: 'decision_id' })
  decisionId!: string;

  @Column('text')
  trigger!: RetrainingTrigger;

  @Column('text')
  state!: RetrainingState;

  @Column('text')
  data!: RetrainingData;

  @Column('text', { array: true, nullable: true })
  algorithms!: Algorithm[] | null;

  /** BOTH only: the snapshot of the source that the labelled predictions are added to. */
  @Column('uuid', { name: 'source_version_id', nullable: true })
  sourceVersionId!: string | null;

  /** The extraction that it waits for or waited for, of the source or of what a worker gathered. */
  @Column('uuid', { name: 'extraction_id', nullable: true })
  extractionId!: string | null;

  /** Workers that began to gather labelled predictions and did not hand the work back. */
  @Column('integer', { default: 0 })
  attempts!: number;

  /** What the runs are trained on. */
  @Column('uuid', { name: 'dataset_version_id', nullable: true })
  datasetVersionId!: string | null;

  /** Its training runs. */
  @Column('uuid', { name: 'group_id', nullable: true })
  groupId!: string | null;

  /** The state in a sentence; of a failure, why and what to do. */
  @Column('text')
  message!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'state_since', default: () => 'clock_timestamp()' })
  stateSince!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
