import { Column, Entity } from 'typeorm';
import { bigint } from '../../platform/database/bigint.js';
import { LeasedRow } from '../../platform/database/leased-row.js';
import type { BatchState } from './batch-state.js';

/** The predictions of one model version for all rows of a dataset version, and the file that holds them. */
@Entity('batch_prediction')
export class BatchPrediction extends LeasedRow {
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

  @Column('bigint', { nullable: true, transformer: bigint })
  rows!: number | null;

  /** Rows without a prediction. */
  @Column('bigint', { nullable: true, transformer: bigint })
  unscored!: number | null;

  @Column('bigint', { nullable: true, transformer: bigint })
  bytes!: number | null;
}
