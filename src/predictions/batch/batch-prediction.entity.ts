import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { BatchState } from './batch-state.js';

const bigint = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

/** The predictions of one model version for all rows of a dataset version, and the file that holds them. */
@Entity('batch_prediction')
export class BatchPrediction {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('uuid', { name: 'version_id' })
  versionId!: string;

  /** What was scored. Its predictions go with it when it is deleted. */
  @Column('uuid', { name: 'dataset_version_id' })
  datasetVersionId!: string;

  @Column('text')
  state!: BatchState;

  /** Share that is done, 0 to 1. */
  @Column('real')
  progress!: number;

  @Column('text')
  message!: string;

  /** Why there is no file, and what to do. */
  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('bigint', { nullable: true, transformer: bigint })
  rows!: number | null;

  /** Rows without a prediction. */
  @Column('bigint', { nullable: true, transformer: bigint })
  unscored!: number | null;

  @Column('bigint', { nullable: true, transformer: bigint })
  bytes!: number | null;

  @Column('uuid', { name: 'requested_by', nullable: true })
  requestedBy!: string | null;

  @Column('uuid', { nullable: true })
  lease!: string | null;

  @Column('integer')
  attempts!: number;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
