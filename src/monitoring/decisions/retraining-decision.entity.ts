import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { DecisionInputs, DecisionVerdict, RetrainingTrigger, RuleStep } from './retrain-rule.types.js';

/** What was decided after a check, also "no". Never changed. */
@Entity('retraining_decision')
export class RetrainingDecision {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** Unique: a report has one decision. */
  @Column('uuid', { name: 'report_id' })
  reportId!: string;

  @Column('text')
  verdict!: DecisionVerdict;

  @Column('text', { nullable: true })
  trigger!: RetrainingTrigger | null;

  @Column('text')
  reason!: string;

  @Column('jsonb')
  inputs!: DecisionInputs;

  @Column('jsonb')
  steps!: readonly RuleStep[];

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
