import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Task } from '../ml/schema/signature.js';
import type { SplitChoice } from './model-columns.js';
import type { GateSettings } from './promotion-gate.js';
import type { LogMode } from './serving-settings.js';
import type { PromotionMode } from './stage.js';
import type { BackendName } from './training-backend-name.js';

/** What is to be predicted from which columns; its versions are the answers found so far. */
@Entity('model')
export class Model {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  task!: Task;

  @Column('uuid', { name: 'dataset_id' })
  datasetId!: string;

  @Column('text')
  target!: string;

  @Column('text', { array: true })
  features!: string[];

  /** How rows are divided into those to train on, to validate on and to hold out; the same for all versions. */
  @Column('jsonb')
  split!: SplitChoice;

  @Column('jsonb')
  gate!: GateSettings;

  @Column('text', { name: 'promotion_mode' })
  promotionMode!: PromotionMode;

  /** Where its trainings run; null: the installation's default. */
  @Column('text', { nullable: true })
  backend!: BackendName | null;

  /** Image of a training script of its own, which runs on SageMaker; null: it is trained by our algorithms. */
  @Column('text', { name: 'training_image', nullable: true })
  trainingImage!: string | null;

  /** See ServingSettings. */
  @Column('double precision', { name: 'prediction_timeout_seconds', nullable: true })
  predictionTimeoutSeconds!: number | null;

  @Column('text', { name: 'prediction_log_mode', nullable: true })
  predictionLogMode!: LogMode | null;

  /** Number of the newest version. */
  @Column('integer', { name: 'last_version', default: 0 })
  lastVersion!: number;

  /** The entry of the ledger that recommends a version and waits for a person. */
  @Column('uuid', { name: 'recommendation_id', nullable: true })
  recommendationId!: string | null;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
