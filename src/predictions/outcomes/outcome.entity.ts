import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CallerKind } from '../prediction.entity.js';

/** The class that was right, or the number that was measured. */
export type OutcomeValue = string | number;

/** What happened after a prediction: its ground truth, as last heard of. */
@Entity('outcome')
export class Outcome {
  @PrimaryColumn('uuid', { name: 'prediction_id' })
  predictionId!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('uuid', { name: 'version_id' })
  versionId!: string;

  @Column('jsonb')
  value!: OutcomeValue;

  /** When it happened, if the caller said so. */
  @Column('timestamptz', { name: 'occurred_at', nullable: true })
  occurredAt!: Date | null;

  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;

  @Column('text', { name: 'caller_kind' })
  callerKind!: CallerKind;

  @Column('uuid', { name: 'caller_id' })
  callerId!: string;
}

/** An outcome that was replaced by another one. */
@Entity('outcome_change')
export class OutcomeChange {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'prediction_id' })
  predictionId!: string;

  @Column('jsonb')
  previous!: OutcomeValue;

  @Column('jsonb')
  value!: OutcomeValue;

  @Column('timestamptz', { name: 'occurred_at', nullable: true })
  occurredAt!: Date | null;

  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;

  @Column('text', { name: 'caller_kind' })
  callerKind!: CallerKind;

  @Column('uuid', { name: 'caller_id' })
  callerId!: string;
}
